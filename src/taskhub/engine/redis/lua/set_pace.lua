-- Changes how fast the tasks of a name begin, from now on and for those that wait already.
--
-- ARGV[2]  the task.
-- ARGV[3]  interval, microseconds; 0: without limit.
-- ARGV[4]  burst.
-- Returns  nothing.

redis.call('HDEL', THROTTLED, '')
local now, rung = clock(), {}
local bucket = open_bucket(ARGV[2])
bucket.interval, bucket.burst = tonumber(ARGV[3]), tonumber(ARGV[4])
-- What was taken at the old pace is not paid for at the new one, but for the last token.
bucket.full = math.min(bucket.full, now * 1000 + bucket.interval)
close_bucket(ARGV[2], bucket)
give_turns(ARGV[2], now, rung)
for queue in pairs(rung) do
  ring(queue)
end
