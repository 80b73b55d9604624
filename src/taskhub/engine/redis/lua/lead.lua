-- Renews the leadership of the schedulers, or takes it if nobody has it; then sends what waited behind runs that have
-- ended.
--
-- ARGV[3]  who asks.
-- ARGV[4]  the token that it has been given, or 0.
-- ARGV[5]  length of the lease in ms.
-- Returns  { token or 0, who leads, now, version of the stored entries }.
-- Keeps    at most one holds the token in force; tokens only grow, so that one who lost the leadership cannot use it.

local now, lease = clock(), tonumber(ARGV[5])
local present = redis.call('HMGET', LEADER, 'holder', 'token', 'until')
local holder, token, deadline = present[1], tonumber(present[2] or 0), tonumber(present[3] or 0)
local version = tonumber(redis.call('GET', SCHEDULE_VERSION) or 0)

local own = holder == ARGV[3] and token == tonumber(ARGV[4]) and deadline > 0
-- A lease that ends later than any lease can was given before the clock was put back.
local free = deadline <= now or deadline > now + 2 * lease
if not own and not free then
  return { 0, holder, now, version }
end
if not own then
  token = redis.call('HINCRBY', LEADER, 'token', 1)
end
redis.call('HSET', LEADER, 'holder', ARGV[3], 'until', string.format('%.0f', now + lease))

local rung = {}
for _, entry in ipairs(redis.call('SMEMBERS', BEHIND)) do
  local run = read_run(entry)
  if not run or run.task_id == '' or redis.call('HEXISTS', MESSAGES, run.task_id) == 0 then
    local packed = redis.call('LPOP', WAITING .. entry)
    if packed then
      local waiting = cmsgpack.unpack(packed)
      publish_all(waiting.messages, rung)
      run.task_id, run.at, run.sent = waiting.task_id, now, run.sent + 1
      write_run(entry, run)
    end
    if redis.call('EXISTS', WAITING .. entry) == 0 then
      redis.call('SREM', BEHIND, entry)
    end
  end
end
ring_all(rung)
return { token, ARGV[3], now, version }
