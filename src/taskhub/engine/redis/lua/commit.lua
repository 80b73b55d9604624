-- Ends tasks: for each, in one step, its result, the messages that follow from it, its dead letter, and the end of
-- its claim. Does nothing for a task whose claim no longer stands.
--
-- ARGV[2]  the worker.
-- ARGV[3]  the dbs of results (see in_results_db).
-- ARGV[4..] per task: key, token, task id, result document or "", its time to live in ms or "", dead letter or "",
--          its time to live in ms, number of messages to publish, then for each of those: record, due.
-- Returns  per task 1 (committed) or 0 (refused: the claim had been taken away).
-- Keeps    fenced: a delivery is ended once; and all of its consequences are written, or none.

local claims, dbs = CLAIMS .. ARGV[2], ARGV[3]
local rung, results, replies = {}, {}, {}

local index = 4
while index <= #ARGV do
  local key, token, publishes = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 7])
  if redis.call('HGET', claims, key) == token then
    if ARGV[index + 5] ~= '' then
      local now = clock()
      local record = redis.call('HGET', MESSAGES, key) or ''
      redis.call('ZADD', DEAD, now + tonumber(ARGV[index + 6]), key)
      redis.call('HSET', DEAD_MESSAGES, key, ARGV[index + 5] .. '\n' .. record)
    end
    redis.call('HDEL', claims, key)
    redis.call('HDEL', MESSAGES, key)
    if string.sub(token, 1, 2) ~= '1:' then
      redis.call('HDEL', DELIVERIES, key)
    end
    for message = 0, publishes - 1 do
      local at = index + 8 + 2 * message
      rung[publish(ARGV[at], ARGV[at + 1])] = true
    end
    if ARGV[index + 3] ~= '' then
      results[#results + 1] = index
    end
    replies[#replies + 1] = 1
  else
    replies[#replies + 1] = 0
  end
  index = index + 8 + 2 * publishes
end

if #results > 0 then
  in_results_db(dbs, function()
    for _, at in ipairs(results) do
      store_result(ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    end
  end)
end
ring_all(rung)
return replies
