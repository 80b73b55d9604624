-- Ends a leadership and wakes one of those who stand by.
--
-- ARGV[3]  the token.
-- ARGV[4]  the notifier of those who stand by.
-- Returns  1, or 0 if somebody else leads.

if redis.call('HGET', LEADER, 'token') ~= ARGV[3] then
  return 0
end
redis.call('HSET', LEADER, 'until', 0)
notify(ARGV[4])
return 1
