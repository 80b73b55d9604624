-- Drops the messages of a queue that wait for their turns, a page of all at a call.
--
-- ARGV[2]  the queue.
-- ARGV[3]  size of a page.
-- ARGV[4]  cursor, "0" at first.
-- Returns  { number dropped, next cursor or "" at the end }.

-- First a write that takes no memory, by the command with which the script ends: see begin.lua.
redis.call('HDEL', MESSAGES, NONE)
local page = redis.call('HSCAN', RATE_LIMITED, ARGV[4], 'COUNT', ARGV[3])
local dropped = {}
for index = 1, #page[2], 2 do
  local queue = string.match(page[2][index + 1], '^([^\n]*)\n')
  if queue == ARGV[2] and rate_limits().leave_rate_limiter(page[2][index]) then
    dropped[#dropped + 1] = page[2][index]
  end
end
if #dropped > 0 then
  forget_deliveries(dropped)
  redis.call('HDEL', MESSAGES, unpack(dropped))
end
return { #dropped, page[1] == '0' and '' or page[1] }
