-- Stores the links of long chains whose first messages are enqueued next.
--
-- ARGV[2..] per chain: id, how long its links are kept in ms, their number, then the links.
-- Returns  nothing.
-- Keeps    links that are stored already stay as they are, so that a call whose reply was lost can be repeated.

local at = 2
while at <= #ARGV do
  local links = {}
  for number = 1, tonumber(ARGV[at + 2]) do
    links[number] = ARGV[at + 2 + number]
  end
  keep_chain(ARGV[at], ARGV[at + 1], links)
  at = at + 3 + #links
end
