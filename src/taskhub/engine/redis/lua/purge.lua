-- Drops what waits in a queue, up to `limit` messages a call, so that a long queue does not block
-- the server.
--
-- ARGV[2]  the queue.
-- ARGV[3]  limit.
-- ARGV[4]  "1" to drop the queue's delayed messages, too.
-- ARGV[5]  cursor into the delayed, "0" at first.
-- Returns  { number dropped, next cursor or "" when the queue is empty }.

local queue, limit = ARGV[2], tonumber(ARGV[3])
-- First a write that takes no memory, by the command with which the script ends: see begin.lua.
redis.call('HDEL', MESSAGES, NONE)
local popped = redis.call('ZPOPMIN', QUEUE .. queue, limit)
local keys = {}
undo[#undo + 1] = function()
  for index = 1, #popped, 2 do
    redis.call('ZADD', QUEUE .. queue, popped[index + 1], popped[index])
  end
end
for index = 1, #popped, 2 do
  keys[#keys + 1] = popped[index]
end
local cursor = ''
if #popped == 2 * limit then
  cursor = ARGV[5]
elseif ARGV[4] == '1' then
  local page = redis.call('ZSCAN', DELAYED, ARGV[5], 'COUNT', limit)
  for index = 1, #page[2], 2 do
    local member = page[2][index]
    local of, _, key = string.match(member, '^([^\n]*)\n(%d)\n(.*)$')
    if of == queue then
      redis.call('ZREM', DELAYED, member)
      undo_by('ZADD', DELAYED, page[2][index + 1], member)
      keys[#keys + 1] = key
    end
  end
  cursor = page[1] == '0' and '' or page[1]
end
if #keys > 0 then
  forget_deliveries(keys)
  redis.call('HDEL', MESSAGES, unpack(keys))
end
return { #keys, cursor }
