-- Registers a worker to be sent messages when they are enqueued (dispatch.lua), in place of what was
-- registered of it before.
--
-- ARGV[2]  the worker.
-- ARGV[3]  length of the lease in ms that it gets if it has none.
-- ARGV[4]  it is sent messages while it holds fewer than so many.
-- ARGV[5]  the channel to which it has subscribed.
-- ARGV[6..] the queues that it serves.
-- Returns  1.

local RECEIVING = ns .. ':receiving'
local worker = ARGV[2]
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', RECEIVING, NONE)
if not redis.call('ZSCORE', WORKERS, worker) then
  write('ZADD', WORKERS, clock() + tonumber(ARGV[3]), worker)
end
local queues = '\n'
for index = 6, #ARGV do
  local receivers = ns .. ':receivers:' .. ARGV[index]
  -- Those that receive no more leave no trace.
  for _, other in ipairs(redis.call('SMEMBERS', receivers)) do
    if redis.call('HEXISTS', RECEIVING, other) == 0 then
      write('SREM', receivers, other)
    end
  end
  write('SADD', receivers, worker)
  write('SADD', QUEUES, ARGV[index])
  queues = queues .. ARGV[index] .. '\n'
end
write('HSET', RECEIVING, worker, ARGV[4] .. ' ' .. ARGV[5] .. queues)
return 1
