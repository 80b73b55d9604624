-- Gives an name to the first who asks for it.
--
-- ARGV[2]  the name.
-- ARGV[3]  how long it is remembered, ms.
-- Returns  1 for the first, else 0.

local name = ns .. ':claim_name:' .. ARGV[2]
-- Of another type it is nobody's name.
redis.call('GET', name)
-- First a write that takes no memory: see begin.lua.
if redis.call('PEXPIRE', name, ARGV[3]) == 1 then
  return 0
end
redis.call('SET', name, '1', 'PX', ARGV[3])
return 1
