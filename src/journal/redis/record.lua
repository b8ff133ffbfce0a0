-- KEYS: message, index of open slots, this token's end.
-- ARGV: prefix, message, token, how long to keep the token's end (0: not at all), retention, then
-- index, outcome and new record of each slot. Outcomes: a, r, u (accepted, refused, unknown),
-- f (free: released), g (given up: nobody was told that it was granted).

local name, token, ending, retention = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local indexes = {}
for place = 6, #ARGV, 3 do indexes[#indexes + 1] = ARGV[place] end
local records, open, strange = read(KEYS[1], indexes)
if strange then return {'strange', strange} end

local function after(record, outcome, new)
  local state, own = state_of(record), token_of(record) == token
  if outcome == 'a' then
    -- What was accepted, was; whoever has the slot now. The first to say so is remembered.
    if state == 'a' then return record end
    return settled_as(new, 'a', record and string.sub(record, 3, 3))
  end
  if not own then return record end
  if outcome == 'g' and is_open(record) then
    return is_resent(record) and settled_as(record, 'u', '-')
  end
  if state ~= 'c' then return record end
  -- The first try may have been sent, whatever became of the second.
  if is_resent(record) then return settled_as(record, 'u') end
  return outcome ~= 'f' and settled_as(new, outcome)
end

local changes = {}
for place, index in ipairs(indexes) do
  local at, record = 6 + 3 * (place - 1), records[place]
  changes[place] = {index, record, after(record, ARGV[at + 1], ARGV[at + 2])}
end
write(KEYS[1], KEYS[2], name, open, retention, changes)
if ending > 0 then redis.call('SET', KEYS[3], '', 'PX', ending) end
return {'done'}
