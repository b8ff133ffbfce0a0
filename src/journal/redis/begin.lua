-- KEYS: the job. ARGV: prefix, the scope of a new run.
-- Answers new (scope), resumed (scope, count).

local run = redis.call('HMGET', KEYS[1], 'scope', 'ended')
if run[1] == ARGV[2] then return {'new', run[1]} end -- this very request, whose answer was lost
if run[1] and not run[2] then
  return {'resumed', run[1], redis.call('GET', PREFIX .. 'count:' .. run[1]) or '0'}
end
redis.call('HSET', KEYS[1], 'scope', ARGV[2], 'began', now())
redis.call('HDEL', KEYS[1], 'ended')
redis.call('PERSIST', KEYS[1])
return {'new', ARGV[2]}
