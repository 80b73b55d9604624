-- Ends open chords (open_chords.lua) whose callers send no more of their members: their bodies
-- fail.
--
-- ARGV[2]  the chord, whose caller says so; "" for those that have waited too long for their next
--          page, some at each call.
-- ARGV[3]  the part that is the reason; "": the one that came with the first page.
-- Returns  the chords that were ended.
-- Keeps    a chord is ended once: by its last page and its last part, or here.

local found = { ARGV[2] }
if ARGV[2] == '' then
  found = redis.call('ZRANGEBYSCORE', OPEN_CHORDS, '-inf', clock(), 'LIMIT', 0, 100)
elseif not redis.call('ZSCORE', OPEN_CHORDS, ARGV[2]) then
  found = {}
end
if #found == 0 then
  return found
end
-- First a write that takes no memory: see begin.lua.
redis.call('ZREM', OPEN_CHORDS, NONE)
local grown = {}
for _, chord_id in ipairs(found) do
  fail_chord(chord_id, ARGV[3], grown)
end

answer = found
announce_all(grown)
return found
