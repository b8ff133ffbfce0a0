-- KEYS: message, index of open slots. ARGV: prefix, message, index, retention.
-- Answers done (1 or 0), strange (version).

local records, open, strange = read(KEYS[1], {ARGV[3]})
if strange then return {'strange', strange} end
local record = records[1]
local state = state_of(record)
if state ~= 'u' and not (state == 'c' and not lease_left(record)) then return {'done', '0'} end
write(KEYS[1], KEYS[2], ARGV[2], open, ARGV[4], {{ARGV[3], record, settled_as(record, 'a')}})
return {'done', '1'}
