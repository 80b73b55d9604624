-- Prepended to the scripts about periodic jobs, after `shared.lua`.
--
-- ARGV[2]  whose jobs they are: the name of an app.
--
-- A *run* is what is remembered of an entry: its last fire time, the id of its last run and when
-- that was sent, how many were sent, and how many fire times were skipped because of a run before
-- them.

local function key(kind)
  return ns .. ':schedule:' .. kind .. ':' .. ARGV[2]
end

local SCHEDULE, SCHEDULE_VERSION = key('entries'), key('version')
local LEADER, RUNS = key('leader'), key('runs')
-- Entries with fire times that are queued behind a run; and for each of them these fire times.
local QUEUED, WAITING = key('queued'), key('waiting') .. '\n'
-- The latest runs of each entry, the latest first: `fire` ("" out of turn), `result`, `at`,
-- `task_id`, `outcome`, as JSON.
local HISTORY, HISTORY_LENGTH = key('history') .. '\n', 20

-- Notes a run in the history, when everything is written.
local function add_to_history(entry, run)
  attempt('LTRIM', HISTORY .. entry, 0, HISTORY_LENGTH - 2)
  attempt('LPUSH', HISTORY .. entry, cjson.encode(run))
end

-- Changes a run in the history by a function; returns 1, or 0 if it is not there.
local function update_history(entry, task_id, change)
  local call = answer and attempt or redis.call
  local found = call('LRANGE', HISTORY .. entry, 0, -1)
  for index, text in ipairs(found) do
    local run = cjson.decode(text)
    if run.task_id == task_id then
      change(run)
      -- First a write that takes no memory: see begin.lua.
      call('LTRIM', HISTORY .. entry, 0, HISTORY_LENGTH - 1)
      call('LSET', HISTORY .. entry, index - 1, cjson.encode(run))
      return 1
    end
  end
  return 0
end

local function read_run(entry)
  local text = redis.call('HGET', RUNS, entry)
  if not text then
    return nil
  end
  local fire, at, sent, skipped, task_id = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (.*)$')
  return {
    fire = tonumber(fire),
    at = tonumber(at),
    sent = tonumber(sent),
    skipped = tonumber(skipped),
    task_id = task_id,
  }
end

local function write_run(entry, run)
  local form = '%.0f %.0f %.0f %.0f %s'
  local text = string.format(form, run.fire, run.at, run.sent, run.skipped, run.task_id)
  write('HSET', RUNS, entry, text)
end
