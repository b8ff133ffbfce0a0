-- KEYS: the description of the store. ARGV: prefix, version, id and secret of a new one.
-- Answers found (id, secret), strange (version).

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'id', ARGV[3], 'secret', ARGV[4])
end
local found = redis.call('HMGET', KEYS[1], 'version', 'id', 'secret')
if found[1] ~= ARGV[2] then return {'strange', found[1] or ''} end
return {'found', found[2], found[3]}
