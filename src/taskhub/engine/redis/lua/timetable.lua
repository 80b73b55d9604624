-- Prepended to the scripts about periodic jobs, after `shared.lua`.
--
-- ARGV[2]  whose jobs they are: the name of an app.
--
-- A *run* is what is remembered of an entry: its last tick, the id of its last run and when that was sent, how many
-- were sent, and how many ticks were skipped because of a run before them.

local function key(kind)
  return ns .. ':schedule:' .. kind .. ':' .. ARGV[2]
end

local SCHEDULE, SCHEDULE_VERSION = key('entries'), key('version')
local LEADER, RUNS, NOTES = key('leader'), key('runs'), key('notes')
-- Entries with ticks that wait behind a run; and for each of them these ticks.
local BEHIND, WAITING = key('behind'), key('waiting') .. '\n'

local function read_run(entry)
  local text = redis.call('HGET', RUNS, entry)
  if not text then
    return nil
  end
  local tick, at, sent, skipped, task_id = string.match(text, '^(%d+) (%d+) (%d+) (%d+) (.*)$')
  return {
    tick = tonumber(tick), at = tonumber(at), sent = tonumber(sent), skipped = tonumber(skipped), task_id = task_id,
  }
end

local function write_run(entry, run)
  local text = string.format('%.0f %.0f %.0f %.0f %s', run.tick, run.at, run.sent, run.skipped, run.task_id)
  redis.call('HSET', RUNS, entry, text)
end
