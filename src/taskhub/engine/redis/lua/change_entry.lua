-- Replaces a stored entry, unless it has changed meanwhile, and wakes the leader.
--
-- ARGV[2]  the entry.
-- ARGV[3]  what is stored now, "" for nothing.
-- ARGV[4]  what is to be stored, "" for nothing.
-- ARGV[5]  a note about the change.
-- ARGV[6]  how many notes are kept.
-- ARGV[7]  "keep", "restart" or "forget" its ticks (see Ticks).
-- ARGV[8]  the leader's bell.
-- Returns  1, or 0 if something else is stored.

local entry = ARGV[2]
if (redis.call('HGET', SCHEDULE, entry) or '') ~= ARGV[3] then
  return 0
end
if ARGV[4] == '' then
  redis.call('HDEL', SCHEDULE, entry)
else
  redis.call('HSET', SCHEDULE, entry, ARGV[4])
end
local run = read_run(entry)
if ARGV[7] == 'restart' and run then
  run.tick = math.max(run.tick, clock())
  write_run(entry, run)
elseif ARGV[7] == 'forget' then
  redis.call('HDEL', RUNS, entry)
  redis.call('UNLINK', BEHIND .. ':' .. entry)
  redis.call('SREM', BEHIND, entry)
end
redis.call('INCR', SCHEDULE_VERSION)
redis.call('LPUSH', NOTES, ARGV[5])
redis.call('LTRIM', NOTES, 0, ARGV[6] - 1)
ring(ARGV[8])
return 1
