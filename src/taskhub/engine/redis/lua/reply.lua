-- Sends a reply to whoever waits for it.
--
-- ARGV[2]  the ticket.
-- ARGV[3]  the reply.
-- ARGV[4]  how long it waits to be fetched, ms.

local replies = ns .. ':reply:' .. ARGV[2]
-- First a write that takes no memory: see shared.lua.
redis.call('PEXPIRE', replies, ARGV[4])
redis.call('RPUSH', replies, ARGV[3])
redis.call('PEXPIRE', replies, ARGV[4])
return 1
