-- Gives an errand to the first who asks for it.
--
-- ARGV[2]  the errand.
-- ARGV[3]  how long it is remembered, ms.
-- Returns  1 for the first, else 0.

local errand = ns .. ':errand:' .. ARGV[2]
-- First a write that takes no memory: see shared.lua.
if redis.call('PEXPIRE', errand, ARGV[3]) == 1 then
  return 0
end
redis.call('SET', errand, '1', 'PX', ARGV[3])
return 1
