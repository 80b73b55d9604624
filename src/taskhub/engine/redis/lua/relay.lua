-- Stores the messages of a batch of rows of an outbox, with the chords they belong to and the links
-- of chains they refer to.
--
-- ARGV[3]  the number of the relay's leadership.
-- ARGV[4]  the number of the batch among those of this leadership.
-- ARGV[5]  the ids of the rows.
-- ARGV[6]  under which name pages are staged, "" if none is; ARGV[7] how many.
-- ARGV[8..] tables (wire.py): chords, bodies, extensions, chains, links, messages.
-- Returns  "stored"; "known" when this very batch was stored already; "fenced" when another
--          leadership has begun, so that nothing is stored.
-- Keeps    as enqueue.lua; the rows of the last batch are remembered with its messages.

local refused = begin_batch()
if refused then
  return refused
end
local grown = {}
at = 8
publish_call(ARGV[6], ARGV[7], grown)

answer = 'stored'
drop_staged(ARGV[6])
announce_all(grown)
return answer
