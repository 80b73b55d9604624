-- Whatever becomes of this worker, the task is not run again: because it is acknowledged early, or because it is over
-- its hard time limit. The message is kept, so that whoever finds it after the end of the worker can end the task, with
-- all that this causes.
--
-- ARGV[2]  the worker.
-- ARGV[3], ARGV[4] key, token.
-- ARGV[5]  how many deliveries count as used: as many as a message may have, or those of one that is overdue.
-- Returns  1, or 0 if the claim no longer stands.

if redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
-- First a write that takes no memory: see shared.lua.
redis.call('HDEL', DELIVERIES, ARGV[3])
redis.call('HSET', DELIVERIES, ARGV[3], ARGV[5])
return 1
