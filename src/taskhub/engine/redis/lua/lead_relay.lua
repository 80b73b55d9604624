-- Renews the leadership of the relays of an outbox, or begins one.
--
-- ARGV[3]  who asks.
-- ARGV[4]  the number that it leads with; 0 for another one.
-- ARGV[5]  length of the lease in ms.
-- Returns  { number or 0, who leads, ids of the rows that were taken last }.
-- Keeps    at most one holds the number in force; numbers only grow, so that what was sent with an
--          earlier one is not taken any more.

local now, lease = clock(), tonumber(ARGV[5])
local found = redis.call('HMGET', OUTBOX, 'holder', 'number', 'until', 'taken')
local holder, number, deadline = found[1], tonumber(found[2] or 0), tonumber(found[3] or 0)
local own = holder == ARGV[3] and deadline > 0
-- A lease that ends later than any lease can was given before the clock was set back.
local free = deadline <= now or deadline > now + 2 * lease
if not own and not free then
  return { 0, holder, '' }
end
try('HDEL', OUTBOX, NONE)
if not own or tonumber(ARGV[4]) ~= number then
  number = number + 1
  write('HSET', OUTBOX, 'batch', 0)
end
write('HSET', OUTBOX, 'number', number)
write('HSET', OUTBOX, 'holder', ARGV[3])
write('HSET', OUTBOX, 'until', string.format('%.0f', now + lease))
return { number, ARGV[3], found[4] or '' }
