-- Keeps the worker info of a worker for as long as it is registered.
--
-- ARGV[2]  the worker.
-- ARGV[3]  its worker info.
-- Returns  1, or 0 if the worker has no lease: reclaim.lua removes both together, so that no worker
--          info is left behind.

local worker_info = ns .. ':worker:' .. ARGV[2]
if not redis.call('ZSCORE', WORKERS, ARGV[2]) then
  return 0
end
-- First a write that takes no memory: see begin.lua.
redis.call('PERSIST', worker_info)
redis.call('SET', worker_info, ARGV[3])
return 1
