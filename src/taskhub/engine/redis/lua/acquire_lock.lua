-- Takes a lock for a task, unless another task that is stored holds it.
--
-- ARGV[2]  the name of the lock.
-- ARGV[3]  the task id.
-- Returns  the id of the task that holds it now.
-- Keeps    a lock has one holder, and none that has ended.

local locks = ns .. ':locks'
local holder = redis.call('HGET', locks, ARGV[2])
if holder and holder ~= ARGV[3] and redis.call('HEXISTS', MESSAGES, holder) == 1 then
  return holder
end
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', locks, NONE)
redis.call('HSET', locks, ARGV[2], ARGV[3])
return ARGV[3]
