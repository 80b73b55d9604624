-- Commits outcomes: for each, in one step, its result document, the messages that follow from it,
-- the chords that begin, the parts it gives to chords, its dead letter, and the end of its claim.
-- Does nothing for an outcome whose claim no longer stands.
--
-- ARGV[2]  the worker.
-- ARGV[3]  where result documents are stored (results.lua).
-- ARGV[4]  how long statistics are kept, ms.
-- ARGV[5]  about how many events are kept.
-- ARGV[6]  the queues that this worker claims from next, in the same round trip, each between line
--          breaks; "": it does not.
-- ARGV[7]  how long dead letters are kept, ms.
-- ARGV[8]  how many tasks the history keeps.
-- ARGV[9]  how many messages of failed tasks are kept.
-- ARGV[10] how many bytes they may have together; 0: any number.
-- ARGV[11] the number of completions.
-- ARGV[12..] the completions (wire.py).
-- Returns  for each completion 1 (committed) or 0 (refused: the claim had been taken away); then
--          what the server said when it refused a notification, a count, an event or clearing up,
--          which changes nothing else.
-- Keeps    fenced: a delivery is completed once; and all of its consequences are written, or none:
--          what is added comes first, then result documents, and last the claims and the messages
--          are removed, in one command each.

local claims = CLAIMS .. ARGV[2]
local completions, keys, replies = {}, {}, {}
at = 12
for index = 1, tonumber(ARGV[11]) do
  local completion = read_completion()
  completions[index], keys[index] = completion, completion.key
end

-- First a write that takes no memory, by the command with which the script ends: see begin.lua.
redis.call('HDEL', MESSAGES, NONE)

-- Those whose claims stand; their keys, alone and with their tokens.
local standing, ended, held, seen = {}, {}, {}, {}
for index, token in ipairs(redis.call('HMGET', claims, unpack(keys))) do
  local completion = completions[index]
  local key = completion.key
  replies[index] = 0
  if token == completion.token and not seen[key] then
    replies[index], seen[key] = 1, true
    standing[#standing + 1], ended[#ended + 1] = completion, key
    held[#held + 1], held[#held + 2] = key, token
  end
end

local FAILED_BYTES = ns .. ':failed:bytes'
local any_failed, failed_bytes, most_bytes = false, 0, tonumber(ARGV[10])

-- Keeps the message of a task in a list of those that have failed (`{ns}:dead`, `{ns}:failed`), by
-- when it is forgotten. A dead letter whose key another one has gets a key of its own. A failed one
-- is kept under its task id, as its history is, and not at all if it alone has more bytes than all
-- may have.
local function keep_message(list, messages, completion, reason)
  local key = completion.key
  local kept = reason .. '\n' .. (redis.call('HGET', MESSAGES, key) or '')
  if list == FAILED then
    key = completion.task_id
  elseif redis.call('HEXISTS', messages, key) == 1 then
    key = key .. '\n' .. redis.call('INCR', SEQUENCE)
  end
  if list == FAILED then
    if most_bytes > 0 and #kept > most_bytes then
      return
    end
    failed_bytes = failed_bytes + #kept - redis.call('HSTRLEN', messages, key)
    any_failed = true
  end
  write('ZADD', list, clock() + tonumber(ARGV[7]), key)
  write('HSET', messages, key, kept)
end

local grown, results, events, outcomes = {}, {}, {}, {}
for _, completion in ipairs(standing) do
  local key, tables, ttl = completion.key, completion.tables, completion.ttl
  if completion.dead ~= '' then
    keep_message(DEAD, DEAD_MESSAGES, completion, completion.dead)
  elseif tables and tables.failed then
    keep_message(FAILED, FAILED_MESSAGES, completion, tables.failed[1].reason)
  end
  replaceable[key] = true
  if completion.document ~= '' then
    results[#results + 1] = { completion.task_id, completion.document, ttl }
  end
  if tables then
    write_plans(tables)
    if tables.messages then
      publish_all(tables.messages, grown)
    end
    for _, part in ipairs(tables.parts or NOTHING) do
      canvas().give_part(part.chord_id, part.position, part.value, grown)
    end
    for _, result in ipairs(tables.documents or NOTHING) do
      results[#results + 1] = { result.task_id, result.document, ttl }
    end
    for _, event in ipairs(tables.events or NOTHING) do
      events[#events + 1] = event.event
    end
  end
  if completion.consumed_chord ~= '' then
    canvas().leave_chord(completion.consumed_chord)
  end
  if completion.tally ~= '' or completion.subject ~= '' then
    outcomes[#outcomes + 1] = completion
  end
end

local all_failed_bytes
if any_failed then
  local before = tonumber(redis.call('GET', FAILED_BYTES))
  if before and before >= 0 then
    all_failed_bytes = math.max(0, before + failed_bytes)
  else
    -- Some may have been kept before there was a count: all are counted once, the new ones, too.
    local first, page = 0, nil
    all_failed_bytes = 0
    repeat
      page = redis.call('ZRANGE', FAILED, first, first + TOGETHER - 1)
      for _, key in ipairs(page) do
        all_failed_bytes = all_failed_bytes + redis.call('HSTRLEN', FAILED_MESSAGES, key)
      end
      first = first + TOGETHER
    until #page < TOGETHER
  end
  write('SET', FAILED_BYTES, string.format('%.0f', all_failed_bytes))
end
if #results > 0 then
  store_results(ARGV[3], results)
end
if #ended > 0 then
  if redis.call('EXISTS', DELIVERIES) == 1 then
    forget_deliveries(ended)
  end
  redis.call('HDEL', claims, unpack(ended))
  undo_by('HSET', claims, unpack(held))
  local gone = {}
  for _, key in ipairs(ended) do
    if replaceable[key] then
      gone[#gone + 1] = key
    end
  end
  if #gone > 0 then
    redis.call('HDEL', MESSAGES, unpack(gone))
  end
end

answer, report = replies, replies
local prefix = string.match(ARGV[3], '^%d* %d* (.*)$')
for _, result in ipairs(results) do
  attempt('PUBLISH', prefix .. result[1], result[2])
end
for queue in pairs(grown) do
  attempt('SADD', QUEUES, queue)
  -- What is published where this worker claims next is its own first; the claim notifies others of
  -- what it leaves.
  if not string.find(ARGV[6], '\n' .. queue .. '\n', 1, true) then
    notify(queue)
  end
end
for _, event in ipairs(events) do
  attempt('XADD', ns .. ':events', 'MAXLEN', '~', ARGV[5], '*', 'event', event)
end
for _, key in ipairs(consumed) do
  attempt('UNLINK', key)
end
if #outcomes > 0 then
  add_outcomes(outcomes, tonumber(ARGV[4]), tonumber(ARGV[8]))
end
if any_failed then
  local over = (tonumber(attempt('ZCARD', FAILED)) or 0) - tonumber(ARGV[9])
  local left = all_failed_bytes
  local function is_too_much()
    return over > 0 or (most_bytes > 0 and left > most_bytes)
  end
  while is_too_much() do
    local page = attempt('ZRANGE', FAILED, 0, math.min(math.max(over, 10), TOGETHER) - 1)
    local oldest = {}
    for _, key in ipairs(page) do
      if is_too_much() then
        oldest[#oldest + 1] = key
        over, left = over - 1, left - (tonumber(attempt('HSTRLEN', FAILED_MESSAGES, key)) or 0)
      end
    end
    if #oldest == 0 then
      -- None is left, so what was counted was wrong.
      attempt('SET', FAILED_BYTES, 0)
      break
    end
    -- The messages first: without it one is still found, and forgotten by a later call.
    attempt('HDEL', FAILED_MESSAGES, unpack(oldest))
    left = math.max(0, left)
    attempt('SET', FAILED_BYTES, string.format('%.0f', left))
    if attempt('ZREM', FAILED, unpack(oldest)) ~= #oldest then
      break
    end
  end
end
return replies
