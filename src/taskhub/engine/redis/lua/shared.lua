-- Prepended to every script, after `local function main()`: the few moves that several scripts
-- make.

local function undo_by(...)
  undo[#undo + 1] = { ... }
end

-- Runs a command that may be refused, once everything is written.
local function attempt(...)
  local reply = redis.pcall(...)
  if report and type(reply) == 'table' and reply.err then
    report[#report + 1] = reply.err
  end
  return reply
end

local present
local function clock()
  if not present then
    present = tonumber(ARGV[1])
    if not present then
      local time = redis.call('TIME')
      present = time[1] * 1000 + math.floor(time[2] / 1000)
    end
  end
  return present
end

local function open_record(record)
  return string.match(record, '^([^\n]*)\n(%d)\n([^\n]*)\n')
end

-- Wakes one idle exchange loop of the queue. One token is enough: the one that takes it and leaves
-- work behind notifies again.
local function notify(queue)
  local notifier = NOTIFIER .. queue
  if attempt('EXISTS', notifier) == 0 then
    attempt('RPUSH', notifier, '1')
  end
end
