-- Early acknowledgement: whatever becomes of this worker, the task is not run again. The message is kept, so that
-- whoever finds it after a crash can end the task as lost, with all that this causes.
--
-- ARGV[2]  the worker.
-- ARGV[3], ARGV[4] key, token.
-- ARGV[5]  how many deliveries a message may have: all of them count as used.
-- Returns  1, or 0 if the claim no longer stands.

if redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
-- First a write that takes no memory: see shared.lua.
redis.call('HDEL', DELIVERIES, ARGV[3])
redis.call('HSET', DELIVERIES, ARGV[3], ARGV[5])
return 1
