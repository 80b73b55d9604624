-- Forgets dead letters.
--
-- ARGV[2..] keys.
-- Returns  the keys of those that there were.

local dropped = {}
for index = 2, #ARGV do
  write('HDEL', DEAD_MESSAGES, ARGV[index])
  if write('ZREM', DEAD, ARGV[index]) == 1 then
    dropped[#dropped + 1] = ARGV[index]
  end
end
return dropped
