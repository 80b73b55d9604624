-- Lets claimed messages of limited tasks begin, or takes them out of their worker's hands to wait for their turns.
--
-- ARGV[2]  the worker.
-- ARGV[3..] per message: key, token, task, interval, burst.
-- Returns  { now, next turn of these tasks or "", and per message 1 (it may begin) or 0 (it is not held any more) }.
-- Keeps    a task begins only with a token of its bucket, and none before one of its name that waits at an earlier
--          place.

local now = clock()
local claims, buckets, replies = CLAIMS .. ARGV[2], {}, {}
-- First a write that takes no memory: see shared.lua.
redis.call('HDEL', THROTTLED, '')
for index = 3, #ARGV, 5 do
  local key, token, task = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local bucket = buckets[task]
  if not bucket then
    bucket = open_bucket(task)
    bucket.interval, bucket.burst = tonumber(ARGV[index + 3]), tonumber(ARGV[index + 4])
    buckets[task] = bucket
  end
  local granted = 0
  if redis.call('HGET', claims, key) == token then
    local score = string.match(token, ':(.*)$')
    local head = redis.call('ZRANGE', PLACES .. task, 0, 0, 'WITHSCORES')
    local ahead = head[1] and tonumber(head[2]) < tonumber(score)
    if not ahead and take_token(bucket, now) then
      granted = 1
    else
      local record = redis.call('HGET', MESSAGES, key)
      redis.call('HDEL', claims, key)
      if record then
        redis.call('HSET', THROTTLED, key, open_record(record) .. '\n' .. task)
        redis.call('ZADD', PLACES .. task, score, key)
      end
    end
  end
  replies[#replies + 1] = granted
end
local soonest
for task, bucket in pairs(buckets) do
  close_bucket(task, bucket)
  local at = set_turn(task, bucket, now)
  if at and (not soonest or at < soonest) then
    soonest = at
  end
end
return { now, soonest or '', unpack(replies) }
