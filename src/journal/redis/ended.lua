-- KEYS: the runs of a job that are over. ARGV: prefix, how long they are remembered, in milliseconds.
-- Answers found (what is remembered of each, and when it ended, in microseconds), the latest last.

local oldest = string.format('%.0f', tonumber(now()) - tonumber(ARGV[2]) * 1000)
local runs = redis.call('ZRANGEBYSCORE', KEYS[1], oldest, '+inf', 'WITHSCORES')
local found = {'found'}
for place = 1, #runs, 2 do
  found[#found + 1] = runs[place]
  found[#found + 1] = string.format('%.0f', tonumber(runs[place + 1]))
end
return found
