-- What all scripts share. ARGV[1] is the prefix of all keys. A slot's record is laid out in
-- record.rs: version 1, state 2, doubt 3, owner 4-19, token 20-35, scope 36-51, claimed 52-67,
-- settled 68-83, body.

local PREFIX = ARGV[1]
local CHUNK = 1000 -- Lua unpacks some 8000 values at most

local function now()
  local time = redis.call('TIME')
  return string.format('%016.0f', time[1] * 1000000 + time[2])
end

local function state_of(record)
  return record and string.sub(record, 2, 2)
end

local function token_of(record)
  return record and string.sub(record, 20, 35)
end

-- The record in this state, settled now; with another doubt, if one is given.
local function settled_as(record, state, doubt)
  return '1' .. state .. (doubt or string.sub(record, 3, 3)) .. string.sub(record, 4, 67) .. now()
    .. string.sub(record, 84)
end

-- Whether it was claimed although an earlier claim may have been sent. That happens once.
local function is_resent(record)
  return string.sub(record, 3, 3) == '?'
end

local function is_open(record)
  local state = state_of(record)
  return state == 'c' or state == 'u'
end

-- Milliseconds that the owner of this claim counts as alive; nil when it is dead.
local leases = {}
local function lease_left(record)
  local owner = string.sub(record, 4, 19)
  if leases[owner] == nil then
    leases[owner] = redis.call('PTTL', PREFIX .. 'owner:' .. owner)
  end
  if leases[owner] ~= -2 then return leases[owner] end
end

local function in_chunks(list, command, key)
  for first = 1, #list, CHUNK do
    redis.call(command, key, unpack(list, first, math.min(first + CHUNK - 1, #list)))
  end
end

-- The records of these slots (false where there is none), and how many of the message are open.
-- The third value is the version of a record that this script cannot read.
local function read(message, indexes)
  local records, strange = {}, nil
  for first = 1, #indexes, CHUNK do
    local last = math.min(first + CHUNK - 1, #indexes)
    local page = redis.call('HMGET', message, unpack(indexes, first, last))
    for place = 1, last - first + 1 do
      local record = page[place]
      records[first + place - 1] = record
      if record and string.sub(record, 1, 1) ~= '1' then strange = string.sub(record, 1, 1) end
    end
  end
  return records, tonumber(redis.call('HGET', message, 'open') or '0'), strange
end

-- Writes what changed, and keeps the index of open slots, the counters and the message's expiry
-- true to it. changes: {index, record before or false, record after or false}.
local function write(message, index_of_open, name, open, retention, changes)
  local set, gone, opened, closed, counts = {}, {}, {}, {}, {}
  local function count(record, by)
    if state_of(record) == 'a' then
      local scope = string.sub(record, 36, 51)
      counts[scope] = (counts[scope] or 0) + by
    end
  end
  for _, change in ipairs(changes) do
    local index, before, after = change[1], change[2], change[3]
    if before ~= after then
      local was, is, member = is_open(before), is_open(after), name .. ':' .. index
      if after then
        set[#set + 1] = index
        set[#set + 1] = after
      else
        gone[#gone + 1] = index
      end
      if is then
        opened[#opened + 1] = string.sub(after, 52, 67)
        opened[#opened + 1] = member
      elseif was then
        closed[#closed + 1] = member
      end
      open = open + (is and 1 or 0) - (was and 1 or 0)
      count(before, -1)
      count(after, 1)
    end
  end
  if #set + #gone == 0 then return end
  -- What closes a slot begins with a command that Redis allows at its memory limit; then it also
  -- allows the rest. What opens one begins with HSET, which fails there before anything is written.
  in_chunks(closed, 'ZREM', index_of_open)
  in_chunks(gone, 'HDEL', message)
  in_chunks(set, 'HSET', message)
  in_chunks(opened, 'ZADD', index_of_open)
  for scope, by in pairs(counts) do
    if by ~= 0 then
      redis.call('INCRBY', PREFIX .. 'count:' .. scope, by)
      redis.call('PEXPIRE', PREFIX .. 'count:' .. scope, retention)
    end
  end
  if #set == 0 and redis.call('HLEN', message) <= 1 then
    redis.call('DEL', message)
    return
  end
  redis.call('HSET', message, 'open', open)
  if open > 0 then
    redis.call('PERSIST', message)
  else
    redis.call('PEXPIRE', message, retention)
  end
end
