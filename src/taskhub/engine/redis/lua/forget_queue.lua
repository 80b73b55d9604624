-- Forgets a queue that holds no message and that no live worker serves: its name, its pause, its
-- notifier. Looks at every claim, delayed and rate-limited message.
--
-- ARGV[2]  the queue.
-- Returns  "" (it is forgotten, or was not known), or what keeps it: "ready", "served", "claimed",
--          "delayed", "rate_limited".
-- Keeps    a queue that holds a message is known.

local PAUSED, RATE_LIMITED = ns .. ':paused', ns .. ':rate_limited'
local queue = ARGV[2]
local head = queue .. '\n'

local function begins_with_queue(text)
  return string.sub(text, 1, #head) == head
end

local function is_served_by(worker)
  local read, worker_info = pcall(cjson.decode, redis.call('GET', ns .. ':worker:' .. worker) or '')
  local served = read and type(worker_info) == 'table' and worker_info.queues
  for _, name in ipairs(type(served) == 'table' and served or {}) do
    if name == queue then
      return true
    end
  end
  return false
end

local function has_claim(worker)
  for _, key in ipairs(redis.call('HKEYS', CLAIMS .. worker)) do
    if begins_with_queue(redis.call('HGET', MESSAGES, key) or '') then
      return true
    end
  end
  return false
end

-- Whether an entry of a sorted set or hash, which `command` reads in pages, belongs to the queue.
local function is_named_in(command, key, offset, ...)
  local cursor = '0'
  repeat
    local page = redis.call(command, key, cursor, 'COUNT', TOGETHER, ...)
    for index = offset, #page[2], 2 do
      if begins_with_queue(page[2][index]) then
        return true
      end
    end
    cursor = page[1]
  until cursor == '0'
  return false
end

if redis.call('ZCARD', QUEUE .. queue) > 0 then
  return 'ready'
end
local now = clock()
local workers = redis.call('ZRANGE', WORKERS, 0, -1, 'WITHSCORES')
for index = 1, #workers, 2 do
  if tonumber(workers[index + 1]) > now and is_served_by(workers[index]) then
    return 'served'
  end
end
for index = 1, #workers, 2 do
  if has_claim(workers[index]) then
    return 'claimed'
  end
end
-- The server compares: a million delayed messages of other queues are not copied.
local pattern = string.gsub(head, '[%*%?%[%]\\]', '\\%0')
if is_named_in('ZSCAN', DELAYED, 1, 'MATCH', pattern .. '*') then
  return 'delayed'
end
if is_named_in('HSCAN', RATE_LIMITED, 2) then
  return 'rate_limited'
end

-- First a write that takes no memory: see begin.lua.
redis.call('HDEL', PAUSED, NONE)
write('HDEL', PAUSED, queue)
write('SREM', QUEUES, queue)
answer = ''
attempt('UNLINK', NOTIFIER .. queue, ns .. ':receivers:' .. queue)
return answer
