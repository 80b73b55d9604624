-- Remembers stamps as revoked: tasks that carry one are ended by the worker that would run them.
--
-- ARGV[2]  how long they are remembered, ms.
-- ARGV[3..] stamps: JSON lists of header and value.

local name, now = ns .. ':revoked:stamps', clock()
-- First a write that takes no memory: see begin.lua.
redis.call('ZREMRANGEBYSCORE', name, '-inf', now)
for index = 3, #ARGV do
  write('ZADD', name, string.format('%.0f', now + tonumber(ARGV[2])), ARGV[index])
end
return 1
