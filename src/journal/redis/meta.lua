-- KEYS: the description of the store, the index of open slots.
-- ARGV: prefix, version, id and secret of a new one, retention.
-- Answers found (id, secret, whether messages may have keys of the first form: 1 or 0), strange (version).

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'id', ARGV[3], 'secret', ARGV[4], 'keys', '2')
end
local found = redis.call('HMGET', KEYS[1], 'version', 'id', 'secret', 'keys')
if found[1] ~= ARGV[2] then return {'strange', found[1] or ''} end
if found[4] == '2' then return {'found', found[2], found[3], '0'} end

-- A store of the first form gets no more keys of it from now on: once those have expired, and none
-- of them is open, it has none.
redis.call('HSETNX', KEYS[1], 'renewed', now())
local renewed = redis.call('HGET', KEYS[1], 'renewed')
local oldest = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
local expired = tonumber(now()) - tonumber(renewed) > tonumber(ARGV[5]) * 1000
if expired and not (oldest and tonumber(oldest) < tonumber(renewed)) then
  redis.call('HSET', KEYS[1], 'keys', '2')
  return {'found', found[2], found[3], '0'}
end
return {'found', found[2], found[3], '1'}
