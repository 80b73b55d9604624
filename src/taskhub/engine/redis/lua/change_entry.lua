-- Replaces a stored entry, unless it has changed meanwhile, and wakes the leader.
--
-- ARGV[3]  the entry.
-- ARGV[4]  what is stored now, "" for nothing.
-- ARGV[5]  what is to be stored, "" for nothing.
-- ARGV[6]  a note about the change.
-- ARGV[7]  how many notes are kept.
-- ARGV[8]  "keep", "restart" or "forget" its ticks (see Ticks).
-- ARGV[9]  the leader's bell.
-- Returns  1, or 0 if something else is stored.

local entry = ARGV[3]
if (redis.call('HGET', SCHEDULE, entry) or '') ~= ARGV[4] then
  return 0
end
if ARGV[5] == '' then
  redis.call('HDEL', SCHEDULE, entry)
else
  redis.call('HSET', SCHEDULE, entry, ARGV[5])
end
local run = read_run(entry)
if ARGV[8] == 'restart' and run then
  run.tick = math.max(run.tick, clock())
  write_run(entry, run)
elseif ARGV[8] == 'forget' then
  redis.call('HDEL', RUNS, entry)
  redis.call('UNLINK', WAITING .. entry)
  redis.call('SREM', BEHIND, entry)
end
redis.call('INCR', SCHEDULE_VERSION)
redis.call('LPUSH', NOTES, ARGV[6])
redis.call('LTRIM', NOTES, 0, ARGV[7] - 1)
ring(ARGV[9])
return 1
