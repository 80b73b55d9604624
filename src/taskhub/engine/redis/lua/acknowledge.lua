-- Marks a claimed message so that it is not run again: it is acknowledged early, or over its hard
-- time limit. The message is kept, so that the next to claim it, after the loss of this worker,
-- ends the task, with all that this causes.
--
-- ARGV[2]  the worker.
-- ARGV[3], ARGV[4] key, token.
-- ARGV[5]  the mark: "a" acknowledged early, "t" timed out.
-- Returns  1, or 0 if the claim no longer stands.

if redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', DELIVERIES, NONE)
local count = string.match(redis.call('HGET', DELIVERIES, ARGV[3]) or '0', '^%d*')
redis.call('HSET', DELIVERIES, ARGV[3], count .. ARGV[5])
return 1
