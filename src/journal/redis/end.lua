-- KEYS: the job. ARGV: prefix, the scope of the run that is meant or nothing for any, retention.

local scope = redis.call('HGET', KEYS[1], 'scope')
if scope and (ARGV[2] == '' or ARGV[2] == scope) then
  redis.call('HSET', KEYS[1], 'ended', now())
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'done'}
