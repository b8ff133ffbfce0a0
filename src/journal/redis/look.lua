-- ARGV: prefix, then message and index, or message and *, for each.
-- Answers message, index, record and whether its owner lives (1 or 0), for each slot that there is.

local found = {}
local function add(name, index, record)
  if record and index ~= 'open' then
    local lives = state_of(record) == 'c' and lease_left(record)
    local last = #found
    found[last + 1], found[last + 2], found[last + 3] = name, index, record
    found[last + 4] = lives and '1' or '0'
  end
end
for place = 2, #ARGV, 2 do
  local name, index = ARGV[place], ARGV[place + 1]
  if index == '*' then
    local all = redis.call('HGETALL', PREFIX .. 'm:' .. name)
    for field = 1, #all, 2 do add(name, all[field], all[field + 1]) end
  else
    add(name, index, redis.call('HGET', PREFIX .. 'm:' .. name, index))
  end
end
return found
