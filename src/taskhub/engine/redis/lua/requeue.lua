-- Returns claimed messages to their queues, at the positions they had, as if they had never been
--         claimed.
--
-- ARGV[2]  the worker.
-- ARGV[3]  "only": the keys listed; "except": all that it holds but the keys listed (reconciliation
--          after a reply that was lost on the way).
-- ARGV[4..] keys.
-- Returns  the keys of those that were requeued.

local claims, listed, given, grown = CLAIMS .. ARGV[2], {}, {}, {}
for index = 4, #ARGV do
  listed[ARGV[index]] = true
end
local wanted = ARGV[3] == 'only'

-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', claims, NONE)
if not wanted then
  -- What it was sent and has not received is requeued here, and nothing more is sent (dispatch.lua).
  write('HDEL', ns .. ':receiving', ARGV[2])
end
local held = redis.call('HGETALL', claims)
for index = 1, #held, 2 do
  local key, token = held[index], held[index + 1]
  if (listed[key] or false) == wanted then
    local queue = requeue_message(key, token)
    if queue then
      grown[queue] = true
    end
    write('HDEL', claims, key)
    given[#given + 1] = key
  end
end
answer = given
notify_all(grown)
return given
