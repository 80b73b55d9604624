-- Stores what is moved here from another store, as it was there.
--
-- ARGV[3]  the number of the mover's leadership.
-- ARGV[4]  the number of the batch among those of this leadership.
-- ARGV[5]  the rows of the batch.
-- ARGV[6..] the number of messages, and of each: record, score, when it is due or "", what is
--          noted of its deliveries or "". The number of chords, and of each: id, life (ms), number
--          of fields, these with their values. The number of chains, and of each: id, life, number
--          of links, these. The number of dead letters, and of each: key, what is stored, when it
--          is forgotten.
-- Returns  "stored", "known" or "fenced", as relay.lua.
-- Keeps    as enqueue.lua; the rows of the last batch are remembered with what it stores.

local refused = begin_batch()
if refused then
  return refused
end

local at = 5
local function next_argument()
  at = at + 1
  return ARGV[at]
end

local grown = {}
for _ = 1, tonumber(next_argument()) do
  local record, score, due, lost =
    next_argument(), next_argument(), next_argument(), next_argument()
  local queue, priority, task_id = open_record(record)
  local key = task_id
  if redis.call('HSETNX', MESSAGES, key, record) == 0 then
    key = task_id .. '\n' .. redis.call('INCR', SEQUENCE)
    redis.call('HSET', MESSAGES, key, record)
  end
  undo_by('HDEL', MESSAGES, key)
  if due == '' then
    write('ZADD', QUEUE .. queue, score, key)
  else
    write('ZADD', DELAYED, due, queue .. '\n' .. priority .. '\n' .. key)
  end
  if lost ~= '' then
    write('HSET', DELIVERIES, key, lost)
  end
  grown[queue] = true
end

for _ = 1, tonumber(next_argument()) do
  local chord, life, fields = ns .. ':chord:' .. next_argument(), next_argument(), {}
  for _ = 1, 2 * tonumber(next_argument()) do
    fields[#fields + 1] = next_argument()
  end
  -- Not EXISTS, which a key of another type answers, too.
  if redis.call('HLEN', chord) == 0 then
    undo_by('DEL', chord)
    for first = 1, #fields, TOGETHER do
      redis.call('HSET', chord, unpack(fields, first, math.min(first + TOGETHER - 1, #fields)))
    end
    redis.call('PEXPIRE', chord, life)
  end
end

for _ = 1, tonumber(next_argument()) do
  local chain, life, links = next_argument(), next_argument(), {}
  for _ = 1, tonumber(next_argument()) do
    links[#links + 1] = next_argument()
  end
  canvas().keep_chain(chain, life, links)
end

for _ = 1, tonumber(next_argument()) do
  local key, stored, expires = next_argument(), next_argument(), next_argument()
  if redis.call('HEXISTS', DEAD_MESSAGES, key) == 1 then
    key = string.match(key, '^[^\n]*') .. '\n' .. redis.call('INCR', SEQUENCE)
  end
  write('HSET', DEAD_MESSAGES, key, stored)
  write('ZADD', DEAD, expires, key)
end

answer = 'stored'
announce_all(grown)
return answer
