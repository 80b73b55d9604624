-- Publishes a control message to every worker.
--
-- ARGV[2]  the message.
-- Keeps    about the last thousand messages, for an hour after the last one.

local CONTROL = ns .. ':control'
-- First a write that takes no memory: see begin.lua.
redis.call('XTRIM', CONTROL, 'MAXLEN', '~', 1000)
redis.call('PEXPIRE', CONTROL, 3600000)
redis.call('XADD', CONTROL, '*', 'at', clock(), 'message', ARGV[2])
answer = 1
attempt('PEXPIRE', CONTROL, 3600000)
return answer
