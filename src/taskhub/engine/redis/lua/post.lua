-- Sends a letter to every worker.
--
-- ARGV[2]  the letter.
-- Keeps    about the last thousand letters, for an hour after the last one.

local CONTROL = ns .. ':control'
-- First a write that takes no memory: see shared.lua.
redis.call('XTRIM', CONTROL, 'MAXLEN', '~', 1000)
redis.call('XADD', CONTROL, '*', 'at', clock(), 'letter', ARGV[2])
redis.call('PEXPIRE', CONTROL, 3600000)
return 1
