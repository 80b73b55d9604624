-- Ends a leadership of the relays of an outbox.
--
-- ARGV[3]  its number.
-- Returns  1, or 0 if another relay leads.

if redis.call('HGET', OUTBOX, 'number') ~= ARGV[3] then
  return 0
end
redis.call('HSET', OUTBOX, 'until', 0)
return 1
