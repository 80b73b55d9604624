-- Opens chords whose headers are enqueued next.
--
-- ARGV[2..] per chord: id, size, number of messages in its body, then for each of those: record, due.
-- Returns  nothing.
-- Keeps    a chord that is open already stays as it is, so that a call whose reply was lost can be repeated.

local at = 2
while at <= #ARGV do
  local body = {}
  for number = 1, tonumber(ARGV[at + 2]) do
    local message = at + 1 + 2 * number
    body[number] = { ARGV[message], ARGV[message + 1] }
  end
  open_chord(ARGV[at], ARGV[at + 1], body)
  at = at + 3 + 2 * #body
end
