-- Stores messages and makes each ready or due.
--
-- ARGV[2], ARGV[3] see producing.lua.
-- ARGV[4..] pairs: record, due.
-- Returns  the number of messages stored; 0 when this very call has stored them already.
-- Keeps    every stored message is in exactly one of: a queue, the delayed, the claims of one
--          worker. All messages of a call are there at once, or none. A single message may be
--          claimed at once, by a worker that waits for it (dispatch.lua).

if is_served() then
  return 0
end
local messages, grown = {}, {}
if #ARGV == 5 and ARGV[5] == '' and dispatch(ARGV[4], grown) then
  answer = 1
  announce_all(grown)
  return 1
end
for index = 4, #ARGV, 2 do
  messages[#messages + 1] = { record = ARGV[index], due = ARGV[index + 1] }
end
publish_all(messages, grown)

answer = #messages
announce_all(grown)
return answer
