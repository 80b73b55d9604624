-- Keeps what a worker tells of itself for as long as it is registered.
--
-- ARGV[2]  the worker.
-- ARGV[3]  its card.
-- Returns  1, or 0 if the worker has no lease: release.lua removes both together, so that no card is left behind.

local card = ns .. ':worker:' .. ARGV[2]
-- First a write that takes no memory: see shared.lua.
redis.call('DEL', card)
if not redis.call('ZSCORE', WORKERS, ARGV[2]) then
  return 0
end
redis.call('SET', card, ARGV[3])
return 1
