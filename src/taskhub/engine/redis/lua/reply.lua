-- Sends a reply to the collector of its address.
--
-- ARGV[2]  the reply address.
-- ARGV[3]  the reply.
-- ARGV[4]  how long it waits to be fetched, ms.

local replies = ns .. ':reply:' .. ARGV[2]
-- First a write that takes no memory: see begin.lua; by the command that undoes, which is tried
-- with it.
redis.call('RPOP', replies .. NONE)
redis.call('LLEN', replies)
redis.call('RPUSH', replies, ARGV[3])
undo_by('RPOP', replies)
redis.call('PEXPIRE', replies, ARGV[4])
return 1
