-- Counts the messages of a queue that have not ended: ready, delayed, rate-limited or claimed.
-- Reads all messages.
--
-- ARGV[2]  the queue.
-- Returns  how many there are.

local head = ARGV[2] .. '\n'
local found = 0
for _, record in ipairs(redis.call('HVALS', MESSAGES)) do
  if string.sub(record, 1, #head) == head then
    found = found + 1
  end
end
return found
