-- KEYS: the description of the store, the index of open slots.
-- ARGV: prefix; version, id and secret of a new one; retention; the check of a new one's key (nothing
-- without a key).
-- Answers found (id, secret, whether messages may have keys of the first form: 1 or 0, version, check).

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'id', ARGV[3], 'secret', ARGV[4], 'keys', '2')
  if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'check', ARGV[6]) end
end
local found = redis.call('HMGET', KEYS[1], 'version', 'id', 'secret', 'keys', 'check')

local function answer(former)
  return {'found', found[2] or '', found[3] or '', former, found[1] or '', found[5] or ''}
end

-- What another version wrote, or holds another key, is told so by whoever asks.
if found[1] ~= ARGV[2] or found[4] == '2' then return answer('0') end

-- A store of the first form gets no more keys of it from now on: once those have expired, and none
-- of them is open, it has none.
redis.call('HSETNX', KEYS[1], 'renewed', now())
local renewed = redis.call('HGET', KEYS[1], 'renewed')
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
local expired = tonumber(now()) - tonumber(renewed) > tonumber(ARGV[5]) * 1000
if expired and not (oldest and tonumber(oldest) < tonumber(renewed)) then
  redis.call('HSET', KEYS[1], 'keys', '2')
  return answer('0')
end
return answer('1')
