-- KEYS: the lease, the description of the store.
-- ARGV: prefix, the store's id, lease, create or renew.
-- Answers emptied, lapsed, done.

if redis.call('HGET', KEYS[2], 'id') ~= ARGV[2] then return {'emptied'} end
local lease, wanted = redis.call('PTTL', KEYS[1]), tonumber(ARGV[3])
if lease == -2 then
  if ARGV[4] ~= 'create' then return {'lapsed'} end
  redis.call('SET', KEYS[1], '', 'PX', wanted)
elseif lease >= 0 and lease < wanted then
  redis.call('PEXPIRE', KEYS[1], wanted)
end
return {'done'}
