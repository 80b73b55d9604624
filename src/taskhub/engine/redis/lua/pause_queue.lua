-- Pauses a queue: claim.lua takes nothing from it.
--
-- ARGV[2]  the queue.
-- ARGV[3]  who pauses it and why, as JSON.
-- Returns  1, or 0 if it was paused already.

local PAUSED = ns .. ':paused'
-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', PAUSED, NONE)
return redis.call('HSETNX', PAUSED, ARGV[2], clock() .. '\n' .. ARGV[3])
