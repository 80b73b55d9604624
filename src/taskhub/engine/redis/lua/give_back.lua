-- Gives claimed messages back to their queues, at the places they had, as if they had never been claimed.
--
-- ARGV[2]  the worker.
-- ARGV[3]  "only": the keys listed; "except": all that it holds but the keys listed (reconciliation after a reply that
--          was lost on the way).
-- ARGV[4..] keys.
-- Returns  the keys given back.

local claims, listed, given, rung = CLAIMS .. ARGV[2], {}, {}, {}
for index = 4, #ARGV do
  listed[ARGV[index]] = true
end
local wanted = ARGV[3] == 'only'

local held = redis.call('HGETALL', claims)
for index = 1, #held, 2 do
  local key, token = held[index], held[index + 1]
  if (listed[key] or false) == wanted then
    redis.call('HDEL', claims, key)
    local queue = put_back(key, token)
    if queue then
      rung[queue] = true
    end
    given[#given + 1] = key
  end
end
for queue in pairs(rung) do
  ring(queue)
end
return given
