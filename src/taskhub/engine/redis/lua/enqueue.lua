-- Stores messages and makes each ready or due.
--
-- ARGV[2]  the connection that asks; "" when it would not ask again if the reply were lost.
-- ARGV[3]  the number of this call among those of that connection.
-- ARGV[4..] pairs: record, due.
-- Returns  the number of messages stored; 0 when this very call, whose reply was lost, has stored them already.
-- Keeps    every stored message is in exactly one of: a queue, the delayed, the claims of one worker.

-- A connection makes one call at a time, so its last number tells which have been served.
local REMEMBERED = 600000

if ARGV[2] ~= '' then
  local name = ns .. ':producer:' .. ARGV[2]
  local served = redis.call('SET', name, ARGV[3], 'PX', REMEMBERED, 'GET')
  if served and tonumber(served) >= tonumber(ARGV[3]) then
    redis.call('SET', name, served, 'PX', REMEMBERED)
    return 0
  end
end

local messages, rung = {}, {}
for index = 4, #ARGV, 2 do
  messages[#messages + 1] = { ARGV[index], ARGV[index + 1] }
end
publish_all(messages, rung)
ring_all(rung)
return #messages
