-- Renews the leases of live workers and finds those whose lease has run out. Forgets what has served its time: old
-- revocations and dead letters, some at each call.
--
-- ARGV[2]  length of the lease in ms.
-- ARGV[3..] the workers to renew (each is registered by its first renewal).
-- Returns  the workers whose lease has run out and whose claims wait to be released.

local now = clock()
redis.call('ZREMRANGEBYSCORE', REVOKED, '-inf', now)
redis.call('ZREMRANGEBYSCORE', ns .. ':revoked:stamps', '-inf', now)
for index = 3, #ARGV do
  redis.call('ZADD', WORKERS, now + tonumber(ARGV[2]), ARGV[index])
end
for _, key in ipairs(redis.call('ZRANGEBYSCORE', DEAD, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', DEAD, key)
  redis.call('HDEL', DEAD_MESSAGES, key)
end
return redis.call('ZRANGEBYSCORE', WORKERS, '-inf', now)
