-- Appends an entry to the audit log.
--
-- ARGV[2]  the entry, as JSON.
-- ARGV[3]  how many entries are kept.

local AUDIT = ns .. ':audit'
-- First a write that takes no memory: see begin.lua.
redis.call('LTRIM', AUDIT, 0, ARGV[3] - 1)
redis.call('LPUSH', AUDIT, clock() .. '\n' .. ARGV[2])
answer = 1
attempt('LTRIM', AUDIT, 0, ARGV[3] - 1)
return answer
