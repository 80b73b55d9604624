-- Changes how fast the tasks of a name begin, from now on and for those that wait already.
--
-- ARGV[2]  the task.
-- ARGV[3]  interval, microseconds; 0: without limit.
-- ARGV[4]  burst.
-- Returns  nothing.

-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', RATE_LIMITED, NONE)
local now, grown = clock(), {}
local bucket = rate_limits().open_bucket(ARGV[2])
bucket.interval, bucket.burst = tonumber(ARGV[3]), tonumber(ARGV[4])
-- What was taken at the old rate is not paid for at the new one, but for the last token.
bucket.full = math.min(bucket.full, now * 1000 + bucket.interval)
rate_limits().close_bucket(ARGV[2], bucket)
rate_limits().grant_permits(ARGV[2], now, grown)
notify_all(grown)
