-- Renews the leases of live workers and finds those whose lease has run out. Forgets what has
-- served its time, some at each call: old revocations, dead letters, messages of failed tasks, and
-- entries of the history.
--
-- ARGV[2]  length of the lease in ms.
-- ARGV[3]  how long the history keeps tasks, ms.
-- ARGV[4..] the workers to renew (each is registered by its first renewal).
-- Returns  the workers whose lease has run out and whose claims wait to be reclaimed.

local now = clock()
-- First a write that takes no memory: see begin.lua.
redis.call('ZREM', WORKERS, NONE)
for index = 4, #ARGV do
  redis.call('ZADD', WORKERS, now + tonumber(ARGV[2]), ARGV[index])
end
local FAILED_BYTES = ns .. ':failed:bytes'
answer = redis.call('ZRANGEBYSCORE', WORKERS, '-inf', now)
attempt('ZREMRANGEBYSCORE', REVOKED, '-inf', now)
attempt('ZREMRANGEBYSCORE', ns .. ':revoked:stamps', '-inf', now)
for list, messages in pairs({ [DEAD] = DEAD_MESSAGES, [FAILED] = FAILED_MESSAGES }) do
  -- The record first: without it a dead letter is still found, and forgotten by a later call.
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', list, '-inf', now, 'LIMIT', 0, 100)) do
    local freed = list == FAILED and redis.call('HSTRLEN', messages, key) or 0
    redis.call('HDEL', messages, key)
    -- Not counted yet: the next failure counts what is kept (commit.lua).
    local before = freed > 0 and tonumber(attempt('GET', FAILED_BYTES))
    if before then
      attempt('SET', FAILED_BYTES, string.format('%.0f', math.max(0, before - freed)))
    end
    redis.call('ZREM', list, key)
  end
end
local expired = attempt('ZRANGEBYSCORE', HISTORY, '-inf', now - ARGV[3], 'LIMIT', 0, 500)
if #expired > 0 then
  remove_history(expired, true)
end
return answer
