-- Deletes messages wherever they are: ready, delayed, rate-limited, claimed. What another store has
-- taken is no longer here (`taskhub move`).
--
-- ARGV[2..] keys.
-- Returns  how many were there.
-- Keeps    the completion of a worker that held one of them is refused: it is not written here, and
--          the message is run from the other store.

-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', MESSAGES, NONE)
local workers, keys = redis.call('ZRANGE', WORKERS, 0, -1), {}
for index = 2, #ARGV do
  local key = ARGV[index]
  local record = redis.call('HGET', MESSAGES, key)
  if record then
    keys[#keys + 1] = key
    local queue, priority = open_record(record)
    if queue then
      write('ZREM', QUEUE .. queue, key)
      write('ZREM', DELAYED, queue .. '\n' .. priority .. '\n' .. key)
    end
    rate_limits().leave_rate_limiter(key)
    for _, worker in ipairs(workers) do
      write('HDEL', CLAIMS .. worker, key)
    end
  end
end
if #keys > 0 then
  forget_deliveries(keys)
  for _, key in ipairs(keys) do
    write('HDEL', MESSAGES, key)
  end
end
return #keys
