-- Deals with one tick of an entry: sends its messages, lets them wait behind the run before, or passes over them; and
-- remembers it, so that neither this tick nor one before it is ever dealt with again.
--
-- ARGV[3]  the leader's token.
-- ARGV[4]  the entry.
-- ARGV[5]  the tick in ms; "" out of turn.
-- ARGV[6]  what to do while the run before waits or runs: "allow", "skip" or "queue".
-- ARGV[7]  how many ticks may wait behind it.
-- ARGV[8]  the id of the run.
-- ARGV[9]  how far ahead of the clock a tick may be, ms.
-- ARGV[10..] pairs: record, due; none: nothing is to be sent.
-- Returns  "sent", "behind", "skipped", "passed", "done" or "fenced" (see TickFate).
-- Keeps    a tick is sent at most once, by whoever leads; the record of it and its messages are written together.

local now, entry = clock(), ARGV[4]
local in_turn = ARGV[5] ~= ''
if in_turn then
  local leader = redis.call('HMGET', LEADER, 'token', 'until')
  if leader[1] ~= ARGV[3] or tonumber(leader[2]) <= now then
    return 'fenced'
  end
end

local known = read_run(entry)
local run = known or { tick = now, task_id = '', at = 0, sent = 0, skipped = 0 }
if in_turn then
  local tick = tonumber(ARGV[5])
  -- A last tick that lies further ahead than clocks can differ was dealt with before the clock was put back.
  local put_back = known and tick <= now and known.tick > now + tonumber(ARGV[9])
  if known and known.tick >= tick and not put_back then
    return 'done'
  end
  run.tick = tick
end
if #ARGV < 10 then
  write_run(entry, run)
  return 'passed'
end

local messages = {}
for index = 10, #ARGV, 2 do
  messages[#messages + 1] = { ARGV[index], ARGV[index + 1] }
end

local behind = WAITING .. entry
local waiting = redis.call('LLEN', behind)
local unfinished = waiting > 0 or (run.task_id ~= '' and redis.call('HEXISTS', MESSAGES, run.task_id) == 1)
if unfinished and ARGV[6] ~= 'allow' then
  if ARGV[6] == 'queue' and waiting < tonumber(ARGV[7]) then
    write_run(entry, run)
    redis.call('RPUSH', behind, cmsgpack.pack({ task_id = ARGV[8], messages = messages }))
    redis.call('SADD', BEHIND, entry)
    return 'behind'
  end
  run.skipped = run.skipped + 1
  write_run(entry, run)
  return 'skipped'
end

local rung = {}
run.task_id, run.at, run.sent = ARGV[8], now, run.sent + 1
write_run(entry, run)
publish_all(messages, rung)
ring_all(rung)
return 'sent'
