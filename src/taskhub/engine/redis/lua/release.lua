-- Takes the claims of a dead worker away: each message goes back to its place in its queue, counted as a delivery that
-- ended without an outcome. One that has had too many of those is ended by whoever claims it next.
--
-- ARGV[2]  the worker.
-- ARGV[3]  "" or "expired": release only if its lease has run out.
-- Returns  how many messages went back, or nil if the lease has not run out.

local worker = ARGV[2]
if ARGV[3] == 'expired' then
  local deadline = redis.call('ZSCORE', WORKERS, worker)
  if not deadline or tonumber(deadline) > clock() then
    return nil
  end
end

local claims, rung, released = CLAIMS .. worker, {}, 0
local held = redis.call('HGETALL', claims)
redis.call('DEL', claims, ns .. ':worker:' .. worker)
redis.call('ZREM', WORKERS, worker)
for index = 1, #held, 2 do
  local key, token = held[index], held[index + 1]
  local queue = put_back(key, token)
  if queue then
    -- More are stored than the token says if it was acknowledged early.
    local delivery = tonumber(string.match(token, '^(%d+):'))
    local counted = tonumber(redis.call('HGET', DELIVERIES, key) or 0)
    redis.call('HSET', DELIVERIES, key, math.max(delivery, counted))
    rung[queue] = true
    released = released + 1
  end
end
for queue in pairs(rung) do
  ring(queue)
end
return released
