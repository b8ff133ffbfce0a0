-- KEYS: the job, the job under its former name (the same where it has none).
-- ARGV: prefix, the scope of a new run, its first message, how (join, anew, or take).
-- Answers new (scope), resumed (scope, count, began, read, digest; the last three are empty of a run of
-- the first form).

local function resumed(run)
  local count = redis.call('GET', PREFIX .. 'count:' .. run[1]) or '0'
  return {'resumed', run[1], count, run[3] or '', run[5] or '', run[6] or ''}
end

local function last_of(job)
  -- scope, ended, began, first, read, digest
  return redis.call('HMGET', job, 'scope', 'ended', 'began', 'first', 'read', 'digest')
end

local run = last_of(KEYS[1])
if ARGV[4] == 'join' then
  if not run[1] and KEYS[2] ~= KEYS[1] then
    run = last_of(KEYS[2])
    if run[1] and not run[2] then
      -- It goes on under its own name.
      redis.call('HSET', KEYS[1], 'scope', run[1], 'began', run[3] or now())
      run[5], run[6] = false, false
      return resumed(run)
    end
    run = {}
  end
  if run[1] == ARGV[2] then return {'new', run[1]} end -- this very request, whose answer was lost
  if run[1] and not run[2] then
    local used = not run[4] or tonumber(run[5] or '0') > 0
    if used or run[4] == ARGV[3] then return resumed(run) end
  end
end
redis.call('HSET', KEYS[1], 'scope', ARGV[2], 'began', now(), 'first', ARGV[3], 'read', '0', 'digest', '')
redis.call('HDEL', KEYS[1], 'ended')
redis.call('PERSIST', KEYS[1])
return {'new', ARGV[2]}
