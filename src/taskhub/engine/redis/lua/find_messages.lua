-- Looks for texts in some of the stored messages: one step of a search, so that the server is not
-- held for long.
--
-- ARGV[2]  where the step before has stopped; "0": the search begins.
-- ARGV[3]  about how many messages to look at.
-- ARGV[4]  about how many bytes.
-- ARGV[5..] the texts.
-- Returns  { where the next step begins, "0" at the end; key, ... }.

local cursor, left, left_bytes = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local found = { cursor }
-- Few at first, as each may be large: all that one call finds is copied.
local count = 1
repeat
  local reply = redis.call('HSCAN', MESSAGES, cursor, 'COUNT', count)
  local entries = reply[2]
  cursor = reply[1]
  for number = 1, #entries, 2 do
    local record = entries[number + 1]
    left, left_bytes = left - 1, left_bytes - #record
    for index = 5, #ARGV do
      if string.find(record, ARGV[index], 1, true) then
        found[#found + 1] = entries[number]
        break
      end
    end
  end
  count = math.min(2 * count, 32)
until cursor == '0' or left <= 0 or left_bytes <= 0
found[1] = cursor
return found
