-- KEYS: message, index of open slots. ARGV: prefix, message, retention, then index and the record
-- that was seen, for each slot. What has changed since is left. Answers done (how many).

local indexes = {}
for place = 4, #ARGV, 2 do indexes[#indexes + 1] = ARGV[place] end
local records, open, strange = read(KEYS[1], indexes)
if strange then return {'strange', strange} end

local changes = {}
for place, index in ipairs(indexes) do
  local record = records[place]
  local held = state_of(record) == 'c' and lease_left(record)
  if record and record == ARGV[3 + 2 * place] and not held then
    changes[#changes + 1] = {index, record, false}
  end
end
write(KEYS[1], KEYS[2], ARGV[2], open, ARGV[3], changes)
return {'done', tostring(#changes)}
