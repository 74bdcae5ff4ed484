-- Sets the token of a partition where the one before it is still there: otherwise the new one would hide that Redis has
-- lost what came before.
-- KEYS  the hash of tokens
-- ARGV  partition, new token, the last one known, the beginning of our own tokens, the least number that is as good
-- Gives nothing when the token is set, else the one that is there.
local have = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local number = -1
if string.sub(have, 1, #ARGV[4]) == ARGV[4] then
  number = tonumber(string.sub(have, #ARGV[4] + 1)) or -1
end
if have ~= ARGV[3] and number < tonumber(ARGV[5]) then return {have} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {}
