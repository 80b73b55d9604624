-- Prepended to scripts that write counts and the history, after statistics.lua and history.lua:
-- outcomes that are not indexed, that is, in neither of them yet.
--
-- `{ns}:outcomes`  list: such outcomes, the latest at the end, each as OUTCOME_VALUES values: when
--                  it ended (ms), its tally, and its task id, subject and entry of the history; ""
--                  where it has none.
--
-- A commit appends few outcomes here, with one command instead of some fifteen. They are indexed by
-- the commit that makes them many, by every reader of counts and of the history, and when leases are
-- renewed. All of it is written by `attempt`.

local OUTCOMES, OUTCOME_VALUES = ns .. ':outcomes', 5
-- So many outcomes of one commit are indexed at once, and so many of the list with the commit that
-- makes them as many.
local MANY_TOGETHER, MANY_LISTED = 8, 50

-- Indexes outcomes { at, tally, task_id, subject, entry }; without `at` they end now.
local function index_rows(rows, statistics_life, history_limit)
  local entries, latest = {}, {}
  local minutes = { [math.floor(clock() / 60000)] = latest }
  for _, row in ipairs(rows) do
    local tally, tallies = row.tally, latest
    if tally ~= '' then
      if row.at then
        local minute = math.floor(row.at / 60000)
        tallies = minutes[minute] or {}
        minutes[minute] = tallies
      end
      tallies[tally] = (tallies[tally] or 0) + 1
    end
    if row.subject ~= '' then
      entries[#entries + 1] = row
    end
  end
  for minute, tallies in pairs(minutes) do
    if next(tallies) then
      count_outcomes(minute, tallies, statistics_life)
    end
  end
  if #entries > 0 then
    add_history(entries, history_limit)
  end
end

-- Indexes all outcomes of the list. Taken first: what is refused then must not be counted twice.
local function index_outcomes(statistics_life, history_limit)
  local values
  repeat
    values = attempt('LPOP', OUTCOMES, OUTCOME_VALUES * 200)
    local rows = {}
    for first = 1, type(values) == 'table' and #values or 0, OUTCOME_VALUES do
      rows[#rows + 1] = {
        at = values[first],
        tally = values[first + 1],
        task_id = values[first + 2],
        subject = values[first + 3],
        entry = values[first + 4],
      }
    end
    if #rows > 0 then
      index_rows(rows, statistics_life, history_limit)
    end
  until #rows < 200
end

-- Appends outcomes that end now to the list, or indexes them and the list if they are many.
local function add_outcomes(rows, statistics_life, history_limit)
  if #rows >= MANY_TOGETHER then
    index_outcomes(statistics_life, history_limit)
    index_rows(rows, statistics_life, history_limit)
    return
  end
  local values, now = {}, clock()
  for index, row in ipairs(rows) do
    local last = OUTCOME_VALUES * index
    values[last - 4], values[last - 3], values[last - 2] = now, row.tally, row.task_id
    values[last - 1], values[last] = row.subject, row.entry
  end
  local size = tonumber(attempt('RPUSH', OUTCOMES, unpack(values))) or 0
  if size >= OUTCOME_VALUES * MANY_LISTED then
    index_outcomes(statistics_life, history_limit)
  end
end
