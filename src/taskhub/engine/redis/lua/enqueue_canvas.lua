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
local grown, count = {}, 0
at = 10
local tables = read_tables() or NOTHING
write_plans(tables)
if ARGV[6] ~= '' then
  take_page(ARGV[6], ARGV[7], ARGV[8], ARGV[9], grown)
end
for page = 1, tonumber(ARGV[5]) do
  local packed = redis.call('HGET', STAGED .. ARGV[4], page)
  if not packed then
    error({
      err = 'what was staged of these messages has expired: the caller paused for too long '
        .. 'between its pages',
    })
  end
  local fields, messages = cmsgpack.unpack(packed), {}
  for index = 1, #fields, 2 do
    messages[#messages + 1] = { record = fields[index], due = fields[index + 1] }
  end
  publish_all(messages, grown)
  count = count + #messages
end
local messages = tables.messages or NOTHING
publish_all(messages, grown)

answer = count + #messages
if ARGV[4] ~= '' then
  attempt('UNLINK', STAGED .. ARGV[4])
end
announce_all(grown)
return answer
