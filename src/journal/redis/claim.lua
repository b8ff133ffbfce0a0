-- KEYS: message, index of open slots, this owner's lease, this token's end, the job of its run.
-- ARGV: prefix, message, owner, token, scope, resend, lease wanted, slack, retention, longest wait,
-- how far the run has read and the hash of that (0 where there is no run), then index and body of each
-- slot.
-- Answers lapsed, closed, strange (version), busy (wait), known (index, record ...), granted
-- (time, index of each that may have been sent before).

local name, owner, token, scope, resend = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'
local wanted, slack, retention, wait = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local read_so_far, digest = tonumber(ARGV[11]), ARGV[12]

local lease = redis.call('PTTL', KEYS[3])
if lease == -2 then return {'lapsed'} end
-- The claim was given up, or recorded: this is an old request that was long under way.
if redis.call('EXISTS', KEYS[4]) == 1 then return {'closed'} end

local indexes, bodies = {}, {}
for place = 13, #ARGV, 2 do
  indexes[#indexes + 1] = ARGV[place]
  bodies[#bodies + 1] = ARGV[place + 1]
end
local records, open, strange = read(KEYS[1], indexes)
if strange then return {'strange', strange} end

local busy, known, dead, doubts = false, {'known'}, {}, {}
for place, record in ipairs(records) do
  local state, doubt = state_of(record), '-'
  if state == 'c' and token_of(record) ~= token then
    local left = lease_left(record)
    if left then
      busy = true
      if left >= 0 then wait = math.min(wait, left + 1) end
    else
      state = 'u'
      dead[#dead + 1] = {indexes[place], record, settled_as(record, 'u')}
    end
  end
  if is_open(record) and token_of(record) == token then
    -- This claim, granted before; its answer was lost. Nobody has called it.
    doubt = string.sub(record, 3, 3)
  elseif state == 'a' or (state == 'u' and (is_resent(record) or not resend)) then
    known[#known + 1] = indexes[place]
    known[#known + 1] = record
  elseif state == 'u' then
    doubt = '?'
  end
  doubts[place] = doubt
end
if busy then return {'busy', wait} end
if #known > 1 then
  write(KEYS[1], KEYS[2], name, open, retention, dead)
  return known
end

local time, changes = now(), {}
local granted = {'granted', time}
for place, index in ipairs(indexes) do
  local record = '1c' .. doubts[place] .. owner .. token .. scope .. time .. string.rep('-', 16) .. bodies[place]
  changes[place] = {index, records[place], record}
  if doubts[place] == '?' then granted[#granted + 1] = index end
end
write(KEYS[1], KEYS[2], name, open, retention, changes)
if read_so_far > 0 then
  local run = redis.call('HMGET', KEYS[5], 'scope', 'read')
  if run[1] == scope and run[2] and tonumber(run[2]) < read_so_far then
    redis.call('HSET', KEYS[5], 'read', ARGV[11], 'digest', digest)
  end
end
if lease >= 0 and lease < wanted then redis.call('PEXPIRE', KEYS[3], wanted + slack) end
return granted
