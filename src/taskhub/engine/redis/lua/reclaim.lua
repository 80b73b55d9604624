-- Takes the claims of a dead worker away: each message returns to its position in its queue,
-- counted as a delivery that ended without an outcome. One that has had too many of those is ended
-- by the next to claim it.
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

local claims, grown, released = CLAIMS .. worker, {}, 0
local held = redis.call('HGETALL', claims)
-- First a write that takes no memory: see begin.lua.
redis.call('ZREM', WORKERS, NONE)
write('ZREM', WORKERS, worker)
write('HDEL', ns .. ':receiving', worker)
for index = 1, #held, 2 do
  local key, token = held[index], held[index + 1]
  local queue = requeue_message(key, token)
  if queue then
    -- What it was marked with during this delivery, or before it.
    local mark = string.match(redis.call('HGET', DELIVERIES, key) or '', '%a?$')
    write('HSET', DELIVERIES, key, string.match(token, '^%d+') .. mark)
    grown[queue] = true
    released = released + 1
  end
end
redis.call('DEL', claims, ns .. ':worker:' .. worker)
answer = released
notify_all(grown)
return released
