-- Replaces the hashes of one experiment, unless Redis is as far as we are or further.
-- KEYS  for each hash: its key, and the key that remembers the offset of its removal
-- ARGV  topic, partition, then for each hash: offset, 1 to replace one of equal offset, TTL in ms (0: none),
--       number of arguments that follow, fields and values; none of them: the hash is removed
-- Gives for each hash: 1 changed, 0 nothing to do, -1 Redis is further.
local function offsetOf(key)
  local have = redis.pcall('HMGET', key, '_topic', '_offset')
  if have.err or have[1] ~= ARGV[1] or not have[2] then return nil end
  local partition, offset = string.match(have[2], '^(%d+):(%d+)$')
  if partition ~= ARGV[2] then return nil end
  return tonumber(offset)
end

local codes, at = {}, 3
for k = 1, #KEYS, 2 do
  local hash, gone = KEYS[k], KEYS[k + 1]
  local offset, again, ttl, n = ARGV[at], ARGV[at + 1] == '1', ARGV[at + 2], tonumber(ARGV[at + 3])
  at = at + 4
  local have, code = offsetOf(hash) or offsetOf(gone), 1
  if have and have > tonumber(offset) then
    code = -1
  elseif have == tonumber(offset) and not again then
    code = 0
  else
    local existed = redis.call('DEL', hash)
    redis.call('DEL', gone)
    for i = at, at + n - 1, 1000 do
      redis.call('HSET', hash, unpack(ARGV, i, math.min(i + 999, at + n - 1)))
    end
    if n == 0 then
      redis.call('HSET', gone, '_topic', ARGV[1], '_offset', ARGV[2] .. ':' .. offset)
      redis.call('PEXPIRE', gone, '3600000')
      code = existed
    elseif ttl ~= '0' then
      redis.call('PEXPIRE', hash, ttl)
    end
  end
  codes[#codes + 1] = code
  at = at + n
end
return codes
