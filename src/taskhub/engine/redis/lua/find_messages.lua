-- Looks for texts in some of the stored messages: one step of a search, so that the server is not
-- held for long.
--
-- ARGV[2]  where the step before has stopped; "0": the search begins.
-- ARGV[3]  about how many messages to look at.
-- ARGV[4..] the texts.
-- Returns  { where the next step begins, "0" at the end; key, ... }.

local reply = redis.call('HSCAN', MESSAGES, ARGV[2], 'COUNT', ARGV[3])
local entries = reply[2]
local found = { reply[1] }
for number = 1, #entries, 2 do
  for index = 4, #ARGV do
    if string.find(entries[number + 1], ARGV[index], 1, true) then
      found[#found + 1] = entries[number]
      break
    end
  end
end
return found
