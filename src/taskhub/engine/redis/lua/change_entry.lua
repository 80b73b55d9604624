-- Replaces a stored entry, unless it has changed meanwhile, and wakes the leader.
--
-- ARGV[3]  the entry.
-- ARGV[4]  what is stored now, "" for nothing.
-- ARGV[5]  what is to be stored, "" for nothing.
-- ARGV[6]  the entry of the audit log about it, as JSON.
-- ARGV[7]  how many of those are kept.
-- ARGV[8]  "keep", "restart" or "forget" its fire times (see FireHistory).
-- ARGV[9]  the leader's notifier.
-- Returns  1, or 0 if something else is stored.

local entry, AUDIT = ARGV[3], ns .. ':audit'
if (redis.call('HGET', SCHEDULE, entry) or '') ~= ARGV[4] then
  return 0
end
if ARGV[5] == '' then
  write('HDEL', SCHEDULE, entry)
else
  write('HSET', SCHEDULE, entry, ARGV[5])
end
local run = read_run(entry)
if ARGV[8] == 'restart' and run then
  run.fire = math.max(run.fire, clock())
  write_run(entry, run)
elseif ARGV[8] == 'forget' then
  write('HDEL', RUNS, entry)
  -- Nobody looks for what waits of an entry that is not behind.
  write('SREM', QUEUED, entry)
end
redis.call('INCR', SCHEDULE_VERSION)
write('LPUSH', AUDIT, clock() .. '\n' .. ARGV[6])
if ARGV[8] == 'forget' then
  redis.call('UNLINK', WAITING .. entry)
end
answer = 1
attempt('LTRIM', AUDIT, 0, ARGV[7] - 1)
if ARGV[8] == 'forget' then
  attempt('UNLINK', HISTORY .. entry)
end
notify(ARGV[9])
return answer
