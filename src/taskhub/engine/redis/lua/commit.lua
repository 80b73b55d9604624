-- Ends tasks: for each, in one step, its result, the messages that follow from it, the chords that begin, the parts it
-- gives to chords, its dead letter, and the end of its claim. Does nothing for a task whose claim no longer stands.
--
-- ARGV[2]  the worker.
-- ARGV[3]  the dbs of results (see in_results_db).
-- ARGV[4]  how long counts are kept, ms.
-- ARGV[5]  about how many events are kept.
-- ARGV[6]  the queues that this worker claims from next, in the same trip, each between line breaks; "" if it does not.
-- ARGV[7..] per task: how it is counted (statistics/tally.py) or "", events after their number, key, token, dead letter or "", its time to live in ms, the chord whose values it used or "",
--          results' time to live in ms or "", and then six lists, each after its length:
--          documents (task id, text), messages (record, due), parts (chord, place, value),
--          chords (id, size, and its body: a list of record, due, after its length), extensions (chord, label), and
--          chains (id, how long its links are kept in ms or "0", and links to store, after their number).
-- Returns  per task 1 (committed) or 0 (refused: the claim had been taken away).
-- Keeps    fenced: a delivery is ended once; and all of its consequences are written, or none.

local claims, dbs = CLAIMS .. ARGV[2], ARGV[3]
local rung, results, replies = {}, {}, {}
-- How often each tally occurs: many endings have the same.
local tallies = {}
local any_redelivered = redis.call('EXISTS', DELIVERIES) == 1

local at = 7
local function take()
  at = at + 1
  return ARGV[at - 1]
end

local function take_some(count)
  local some = {}
  for number = 1, count do
    some[number] = take()
  end
  return some
end

-- Reads a list of entries of `width` fields.
local function take_list(width)
  local list = {}
  for number = 1, tonumber(take()) do
    list[number] = take_some(width)
  end
  return list
end

while at <= #ARGV do
  local tally, events = take(), take_list(1)
  local key, token, dead, dead_ttl, joined, ttl = take(), take(), take(), take(), take(), take()
  local documents, messages, parts = take_list(2), take_list(2), take_list(3)
  local chords = {}
  for number = 1, tonumber(take()) do
    chords[number] = { take(), take(), take_list(2) }
  end
  local extensions = take_list(2)
  local chains = {}
  for number = 1, tonumber(take()) do
    chains[number] = { take(), take(), take_some(tonumber(take())) }
  end
  if redis.call('HGET', claims, key) == token then
    redis.call('HDEL', claims, key)
    if dead ~= '' then
      local record = redis.call('HGET', MESSAGES, key) or ''
      redis.call('ZADD', DEAD, clock() + tonumber(dead_ttl), key)
      redis.call('HSET', DEAD_MESSAGES, key, dead .. '\n' .. record)
    end
    redis.call('HDEL', MESSAGES, key)
    if any_redelivered then
      redis.call('HDEL', DELIVERIES, key)
    end
    for _, chord in ipairs(chords) do
      open_chord(chord[1], chord[2], chord[3])
    end
    for _, extension in ipairs(extensions) do
      extend_chord(extension[1], extension[2])
    end
    for _, chain in ipairs(chains) do
      keep_chain(chain[1], chain[2], chain[3])
    end
    publish_all(messages, rung)
    for _, part in ipairs(parts) do
      give_part(part[1], part[2], part[3], rung)
    end
    if joined ~= '' then
      leave_chord(joined)
    end
    for _, document in ipairs(documents) do
      results[#results + 1] = { document[1], document[2], ttl }
    end
    if tally ~= '' then
      tallies[tally] = (tallies[tally] or 0) + 1
    end
    for _, event in ipairs(events) do
      redis.call('XADD', ns .. ':events', 'MAXLEN', '~', ARGV[5], '*', 'event', event[1])
    end
    replies[#replies + 1] = 1
  else
    replies[#replies + 1] = 0
  end
end

-- Notes what a task failed with, unless there are too many kinds of failures in this minute (statistics/failures.py).
local function note_failure(minute, subject, error, times)
  local kept, kind, example = ns .. ':failures:' .. minute, string.match(error, '^\n([^\n]*)\n(.*)$')
  local field = subject .. kind
  if redis.call('HLEN', kept) < 200 or redis.call('HEXISTS', kept, field) == 1 then
    redis.call('HINCRBY', kept, field, times)
    redis.call('HSET', kept, field .. '\n', example)
    redis.call('PEXPIRE', kept, ARGV[4])
  end
end

if next(tallies) then
  local minute = math.floor(clock() / 60000)
  local counts, fields = ns .. ':stats:' .. minute, {}
  for tally, times in pairs(tallies) do
    local subject, came_to, run, wait, error =
      string.match(tally, '^([^\n]*\n[^\n]*\n)([^\n]*)\n([^\n]*)\n([^\n]*)(.*)$')
    if error ~= '' then
      note_failure(minute, subject, error, times)
    end
    local counted = { '=' .. came_to, run ~= '' and 'r' .. run or nil }
    if wait ~= '' then
      counted[#counted + 1] = 'w' .. wait
    end
    for _, what in ipairs(counted) do
      local field = subject .. what
      fields[field] = (fields[field] or 0) + times
    end
  end
  for field, times in pairs(fields) do
    redis.call('HINCRBY', counts, field, times)
  end
  redis.call('PEXPIRE', counts, ARGV[4])
end

if #results > 0 then
  in_results_db(dbs, function()
    for _, result in ipairs(results) do
      store_result(result[1], result[2], result[3])
    end
  end)
end
for queue in pairs(rung) do
  redis.call('SADD', QUEUES, queue)
  -- What is published where this worker claims next is its own first; the claim rings for what it leaves.
  if not string.find(ARGV[6], '\n' .. queue .. '\n', 1, true) then
    ring(queue)
  end
end
return replies
