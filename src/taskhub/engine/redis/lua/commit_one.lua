-- Commits one outcome of which nothing follows but its result, as commit.lua does, in a third of
-- the server's time: most tasks end so, and in a fleet most commits come alone.
--
-- ARGV[2]  the worker.
-- ARGV[3]  where result documents are stored (results.lua).
-- ARGV[4], ARGV[5] key, token.
-- ARGV[6], ARGV[7], ARGV[8] task id, result document or "", time to live in ms or "".
-- ARGV[9]  the tally (statistics.lua) or "".
-- ARGV[10], ARGV[11] subject and entry of the history (history.lua) or "".
-- Returns  1 or 0 as commit.lua, and how many values outcomes.lua lists; then what the server said
--          when it refused a notification or a count.
-- Keeps    as commit.lua.

local claims, key, token, document = CLAIMS .. ARGV[2], ARGV[4], ARGV[5], ARGV[7]
if redis.call('HGET', claims, key) ~= token then
  return { 0, 0 }
end
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', claims, key)
undo_by('HSET', claims, key, token)
if redis.call('EXISTS', DELIVERIES) == 1 then
  local count = redis.call('HGET', DELIVERIES, key)
  if count then
    redis.call('HDEL', DELIVERIES, key)
    undo_by('HSET', DELIVERIES, key, count)
  end
end
if document ~= '' then
  store_results(ARGV[3], { { ARGV[6], document, ARGV[8] } })
end
redis.call('HDEL', MESSAGES, key)

local replies = { 1, 0 }
answer, report = replies, replies
if document ~= '' then
  attempt('PUBLISH', string.match(ARGV[3], '^%d* %d* (.*)$') .. ARGV[6], document)
end
if ARGV[9] ~= '' or ARGV[10] ~= '' then
  local size = attempt('RPUSH', ns .. ':outcomes', clock(), ARGV[9], ARGV[6], ARGV[10], ARGV[11])
  replies[2] = tonumber(size) or 0
end
return replies
