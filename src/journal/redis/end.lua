-- KEYS: the job, its runs that are over.
-- ARGV: prefix, the scope of the run, retention, how long a run that is over is remembered, what to
-- remember of it (nothing if it sent nothing). Times are in milliseconds.

if redis.call('HGET', KEYS[1], 'scope') == ARGV[2] then
  redis.call('HSET', KEYS[1], 'ended', now())
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
if ARGV[5] ~= '' then
  local oldest = tonumber(now()) - tonumber(ARGV[4]) * 1000
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%.0f', oldest))
  redis.call('ZADD', KEYS[2], now(), ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
return {'done'}
