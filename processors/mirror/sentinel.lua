-- Sets the token of a partition where the one before it is still there: otherwise the new one would hide that Redis has
-- lost what came before. With the first one it sets the owner. Where another has come since the last look, hashes of its
-- may have been overwritten just now: without its tokens it writes them again.
-- KEYS  the hash of tokens
-- ARGV  partition, new token, the last one known, the beginning of our own tokens, the least number that is as good,
--       the owner, empty if there is none
-- Gives nothing when the token is set; else the one that is there, and the owner if it is another.
local have = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local owner = redis.call('HGET', KEYS[1], 'owner') or ''
if ARGV[6] ~= '' and owner ~= '' and owner ~= ARGV[6] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'owner', owner)
  return {have, owner}
end
local number = -1
if string.sub(have, 1, #ARGV[4]) == ARGV[4] then
  number = tonumber(string.sub(have, #ARGV[4] + 1)) or -1
end
if have ~= ARGV[3] and number < tonumber(ARGV[5]) then return {have} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[6] ~= '' and owner == '' then redis.call('HSET', KEYS[1], 'owner', ARGV[6]) end
return {}
