-- Prepended to scripts that index outcomes (outcomes.lua): counts of them by the minute.
--
-- `{ns}:stats:<minute>`     hash: task, queue and what is counted, each on a line -> how often.
-- `{ns}:failures:<minute>`  hash: task, queue and class of the exception -> how often; the same and
--                           a line break -> the last example.
-- The forms of tallies and fields are those of statistics/tally.py.

-- So many fields are kept of the failures of one minute, two for each kind of failure.
local MOST_FAILURE_FIELDS = 200

-- Counts tallies of a minute, each with how often it occurs, and keeps the counts for `life` ms.
local function count_outcomes(minute, tallies, life)
  local counts, failures = ns .. ':stats:' .. minute, ns .. ':failures:' .. minute
  local fields = {}
  -- A process that counts nothing itself must not remove what others have counted.
  local function expire(key)
    if life > 0 then
      attempt('PEXPIRE', key, string.format('%.0f', life))
    end
  end
  local function add(field, times)
    fields[field] = (fields[field] or 0) + times
  end
  for tally, times in pairs(tallies) do
    local subject, state, run, wait, failure =
      string.match(tally, '^([^\n]*\n[^\n]*\n)([^\n]*)\n([^\n]*)\n([^\n]*)(.*)$')
    add(subject .. '=' .. state, times)
    if run ~= '' then
      add(subject .. 'r' .. run, times)
    end
    if wait ~= '' then
      add(subject .. 'w' .. wait, times)
    end
    if failure ~= '' then
      local kind, example = string.match(failure, '^\n([^\n]*)\n(.*)$')
      local field = subject .. kind
      if attempt('HLEN', failures) < MOST_FAILURE_FIELDS
        or attempt('HEXISTS', failures, field) == 1 then
        attempt('HINCRBY', failures, field, times)
        attempt('HSET', failures, field .. '\n', example)
        expire(failures)
      end
    end
  end
  for field, times in pairs(fields) do
    attempt('HINCRBY', counts, field, times)
  end
  expire(counts)
end
