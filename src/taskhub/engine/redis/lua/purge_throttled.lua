-- Drops the messages of a queue that wait for their turns, a page of all at a call.
--
-- ARGV[2]  the queue.
-- ARGV[3]  size of a page.
-- ARGV[4]  cursor, "0" at first.
-- Returns  { number dropped, next cursor or "" at the end }.

redis.call('HDEL', THROTTLED, '')
local page = redis.call('HSCAN', THROTTLED, ARGV[4], 'COUNT', ARGV[3])
local dropped = 0
for index = 1, #page[2], 2 do
  if string.match(page[2][index + 1], '^([^\n]*)\n') == ARGV[2] and leave_throttle(page[2][index]) then
    forget(page[2][index])
    dropped = dropped + 1
  end
end
return { dropped, page[1] == '0' and '' or page[1] }
