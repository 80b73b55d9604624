-- Stores messages and makes each ready or due, with the chords they belong to and the links of
-- chains they refer to. What is too much for one call was staged before (stage.lua) and comes
-- first.
--
-- ARGV[2], ARGV[3] see producing.lua.
-- ARGV[4]  under which name pages are staged, "" if none is; ARGV[5] how many.
-- ARGV[6]  the open chord of which these messages are a page, "" if they are none
--          (open_chords.lua); ARGV[7] how many parts they give; ARGV[8] how long it waits for the
--          next page in ms, "" for the last page; ARGV[9] with the first page, the part that ends
--          it when the next one does not come, else "".
-- ARGV[10..] tables (wire.py): chords, bodies, extensions, chains, links, messages.
-- Returns  the number of messages stored; 0 when this very call has stored them already.
-- Keeps    as enqueue.lua.

if is_served() then
  return 0
end
local grown = {}
at = 10
local count = publish_call(ARGV[4], ARGV[5], grown, ARGV[6] ~= '' and function()
  take_page(ARGV[6], ARGV[7], ARGV[8], ARGV[9], grown)
end)

answer = count
drop_staged(ARGV[4])
announce_all(grown)
return answer
