-- Deals with one fire time of an entry: sends its messages, queues them behind the run before, or
-- skips them; and remembers it, so that neither this fire time nor one before it is ever dealt with
-- again.
--
-- ARGV[3]  the leader's token.
-- ARGV[4]  the entry.
-- ARGV[5]  the fire time in ms; "" out of turn.
-- ARGV[6]  what to do while the run before waits or runs: "allow", "skip" or "queue".
-- ARGV[7]  how many fire times may be queued behind it.
-- ARGV[8]  the id of the run.
-- ARGV[9]  how far ahead of the clock a fire time may be, ms.
-- ARGV[10..] pairs: record, due; none: nothing is to be sent.
-- Returns  "sent", "queued", "skipped", "recorded", "duplicate" or "fenced" (see FireResult).
-- Keeps    a fire time is sent at most once, by the scheduler that leads; the record of it and its
--          messages are written together.

local now, entry = clock(), ARGV[4]
local is_scheduled = ARGV[5] ~= ''
if is_scheduled then
  local leader = redis.call('HMGET', LEADER, 'token', 'until')
  if leader[1] ~= ARGV[3] or tonumber(leader[2]) <= now then
    return 'fenced'
  end
end

local known = read_run(entry)
local run = known or { fire = now, task_id = '', at = 0, sent = 0, skipped = 0 }
if is_scheduled then
  local fire = tonumber(ARGV[5])
  -- A last fire time that lies further ahead than clocks can differ was dealt with before the clock
  -- was set back.
  local clock_moved_back = known and fire <= now and known.fire > now + tonumber(ARGV[9])
  if known and known.fire >= fire and not clock_moved_back then
    return 'duplicate'
  end
  run.fire = fire
end
if #ARGV < 10 then
  write_run(entry, run)
  return 'recorded'
end

local messages = {}
for index = 10, #ARGV, 2 do
  messages[#messages + 1] = { record = ARGV[index], due = ARGV[index + 1] }
end

local entry_history = { fire = ARGV[5], at = now, task_id = ARGV[8] }
local queued = WAITING .. entry
local waiting = redis.call('LLEN', queued)
local unfinished = waiting > 0
  or (run.task_id ~= '' and redis.call('HEXISTS', MESSAGES, run.task_id) == 1)
if unfinished and ARGV[6] ~= 'allow' then
  if ARGV[6] == 'queue' and waiting < tonumber(ARGV[7]) then
    write_run(entry, run)
    write('RPUSH', queued, cmsgpack.pack({ task_id = ARGV[8], messages = messages }))
    write('SADD', QUEUED, entry)
    answer, entry_history.result = 'queued', 'queued'
    add_to_history(entry, entry_history)
    return answer
  end
  run.skipped = run.skipped + 1
  write_run(entry, run)
  answer, entry_history.result = 'skipped', 'skipped'
  add_to_history(entry, entry_history)
  return answer
end

local grown = {}
run.task_id, run.at, run.sent = ARGV[8], now, run.sent + 1
write_run(entry, run)
publish_all(messages, grown)
answer, entry_history.result = 'sent', 'sent'
add_to_history(entry, entry_history)
announce_all(grown)
return answer
