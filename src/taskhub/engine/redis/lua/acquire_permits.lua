-- Lets claimed messages of limited tasks begin, or takes them out of their worker's hands to wait
-- for their turns.
--
-- ARGV[2]  the worker.
-- ARGV[3..] per message: key, token, task, interval, burst.
-- Returns  { now, next turn of these tasks or "", and per message 1 (it may begin) or 0 (it is not
--          held any more) }.
-- Keeps    a task begins only with a token of its bucket, and none before one of its name that
--          waits at an earlier place.

local now = clock()
local claims, buckets, replies = CLAIMS .. ARGV[2], {}, {}
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', RATE_LIMITED, NONE)
for index = 3, #ARGV, 5 do
  local key, token, task = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local bucket = buckets[task]
  if not bucket then
    bucket = rate_limits().open_bucket(task)
    bucket.interval, bucket.burst = tonumber(ARGV[index + 3]), tonumber(ARGV[index + 4])
    buckets[task] = bucket
  end
  local granted = 0
  if redis.call('HGET', claims, key) == token then
    local score = string.match(token, ':(.*)$')
    local head = redis.call('ZRANGE', LIMITED_KEYS .. task, 0, 0, 'WITHSCORES')
    local ahead = head[1] and tonumber(head[2]) < tonumber(score)
    if not ahead and rate_limits().take_token(bucket, now) then
      granted = 1
    else
      local record = redis.call('HGET', MESSAGES, key)
      local queue = record and open_record(record)
      if queue then
        try('ZREM', NEXT_PERMITS, NONE)
        write('HSET', RATE_LIMITED, key, queue .. '\n' .. task)
        write('ZADD', LIMITED_KEYS .. task, score, key)
      end
      write('HDEL', claims, key)
    end
  end
  replies[#replies + 1] = granted
end
local soonest
for task, bucket in pairs(buckets) do
  rate_limits().close_bucket(task, bucket)
  local at = rate_limits().set_permit(task, bucket, now)
  if at and (not soonest or at < soonest) then
    soonest = at
  end
end
return { now, soonest or '', unpack(replies) }
