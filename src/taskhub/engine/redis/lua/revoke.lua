-- Remembers task ids as revoked and takes those that wait (ready, delayed, rate-limited) out of
-- there, as claims of the one who revokes: it then ends each like any other task, through a commit.
--
-- ARGV[2]  the one who revokes, a worker name under a short lease of its own.
-- ARGV[3]  length of that lease in ms.
-- ARGV[4]  how long revocations are remembered, ms.
-- ARGV[5..] task ids.
-- Returns  { key, token, "1", record, ... } of the messages that waited.

local now = clock()
local claims, reply = CLAIMS .. ARGV[2], {}
-- First a write that takes no memory: see begin.lua.
redis.call('ZREM', REVOKED, NONE)
for index = 5, #ARGV do
  local key = ARGV[index]
  write('ZADD', REVOKED, string.format('%.0f', now + tonumber(ARGV[4])), key)
  local record = redis.call('HGET', MESSAGES, key)
  local queue, priority = open_record(record or '')
  if queue then
    local score = redis.call('ZSCORE', QUEUE .. queue, key)
    local waited = score and write('ZREM', QUEUE .. queue, key) == 1
    if not waited then
      waited = write('ZREM', DELAYED, queue .. '\n' .. priority .. '\n' .. key) == 1
    end
    if not waited then
      score = rate_limits().leave_rate_limiter(key)
      waited = score
    end
    if waited then
      -- One that was delayed has no place in its queue yet: it gets the foremost of its priority.
      score = score or string.format('%.0f', (9 - priority) * BAND)
      local token = next_delivery(key) .. ':' .. score
      write('HSET', claims, key, token)
      local size = #reply
      reply[size + 1], reply[size + 2], reply[size + 3], reply[size + 4] = key, token, '1', record
    end
  end
end
if #reply > 0 then
  redis.call('ZADD', WORKERS, now + tonumber(ARGV[3]), ARGV[2])
end
answer = reply
attempt('ZREMRANGEBYSCORE', REVOKED, '-inf', now)
return reply
