-- Prepended to every script of this folder: the names of keys, and the few moves that several scripts make.
--
-- KEYS[1]  `{namespace}`: every key is built from it, so that all of them hash to one slot.
-- ARGV[1]  the present time in ms, or "" for the server's own clock (tests pass theirs).
--
-- A server at its memory limit refuses what takes memory, unless the script has written before. Only storing new
-- messages and states may be refused: every other script begins with a write that takes none, so that workers go on
-- and make room.
--
-- A *record* is what is stored of a message: "<queue>\n<priority>\n<task id>\n<body>".
-- A *token* is what proves a claim: "<delivery>:<score>", the score being the place it had in its queue.

local ns = KEYS[1]
local MESSAGES, DELAYED, REVOKED = ns .. ':messages', ns .. ':delayed', ns .. ':revoked'
local DELIVERIES, WORKERS, QUEUES = ns .. ':deliveries', ns .. ':workers', ns .. ':queues'
local DEAD, DEAD_MESSAGES = ns .. ':dead', ns .. ':dead:messages'
local QUEUE, CLAIMS, BELL = ns .. ':queue:', ns .. ':claims:', ns .. ':bell:'

local SEQUENCE = ns .. ':sequence'

-- A priority's band of scores; ages stay far below it. An age is the number of ticks since the beginning of 2025, so
-- that a score tells when its message became ready (engine/places.py reads it).
local BAND = 562949953421312
local AGES_BEGIN, TICKS = 1735689600000, 256

local present
local function clock()
  if not present then
    present = tonumber(ARGV[1])
    if not present then
      local time = redis.call('TIME')
      present = time[1] * 1000 + math.floor(time[2] / 1000)
    end
  end
  return present
end

-- Returns the first of so many ages: those of now or, if these were given already, those behind the last one.
local function next_ages(count)
  local first = redis.call('INCRBY', SEQUENCE, count) - count + 1
  local now = (clock() - AGES_BEGIN) * TICKS
  if first < now then
    redis.call('INCRBY', SEQUENCE, string.format('%.0f', now - first))
    first = now
  end
  return first
end

local function open_record(record)
  return string.match(record, '^([^\n]*)\n(%d)\n([^\n]*)\n')
end

-- Wakes one idle courier of the queue. One token is enough: whoever takes it and leaves work behind rings again.
local function ring(queue)
  local bell = BELL .. queue
  if redis.call('EXISTS', bell) == 0 then
    redis.call('RPUSH', bell, '1')
  end
end

local function push_ready(queue, priority, key)
  redis.call('ZADD', QUEUE .. queue, (9 - priority) * BAND + next_ages(1), key)
end

-- Stores a record and makes it ready, or due later: due is "" (now), "+<ms>" (from now) or "<ms>" (a point in time).
-- A second message with a task id that is still stored gets a key of its own, so that both run. Returns its queue.
local function publish(record, due)
  local queue, priority, task_id = open_record(record)
  local key = task_id
  if redis.call('HSETNX', MESSAGES, key, record) == 0 then
    key = task_id .. '\n' .. redis.call('INCR', SEQUENCE)
    redis.call('HSET', MESSAGES, key, record)
  end
  if due == '' then
    push_ready(queue, priority, key)
  else
    local at = tonumber(due)
    if string.sub(due, 1, 1) == '+' then
      at = at + clock()
    end
    redis.call('ZADD', DELAYED, at, queue .. '\n' .. priority .. '\n' .. key)
  end
  return queue
end

-- From this many messages on, storing them together pays.
local MANY = 8
-- Lua passes only so many arguments to one call.
local TOGETHER = 1000

-- Stores messages `first` to `last` of a list and makes them ready, in a few calls for all. Returns false, and has done
-- nothing, if it takes more than that: one is not ready at once, or its task id is stored already.
local function publish_together(messages, first, last, rung)
  local keys, fields, queues, seen = {}, {}, {}, {}
  for index = first, last do
    local record = messages[index][1]
    local queue, priority, task_id = open_record(record)
    if messages[index][2] ~= '' or seen[task_id] then
      return false
    end
    seen[task_id] = true
    local number = index - first + 1
    keys[number], fields[2 * number - 1], fields[2 * number] = task_id, task_id, record
    local entries = queues[queue]
    if not entries then
      entries = {}
      queues[queue] = entries
    end
    entries[#entries + 1], entries[#entries + 2] = (9 - priority) * BAND + number, task_id
  end
  for _, stored in ipairs(redis.call('HMGET', MESSAGES, unpack(keys))) do
    if stored then
      return false
    end
  end
  local before = next_ages(#keys) - 1
  redis.call('HSET', MESSAGES, unpack(fields))
  for queue, entries in pairs(queues) do
    for position = 1, #entries, 2 do
      entries[position] = entries[position] + before
    end
    redis.call('ZADD', QUEUE .. queue, unpack(entries))
    rung[queue] = true
  end
  return true
end

-- Publishes a list of pairs record, due in order. Queues that grow are marked in `rung`.
local function publish_all(messages, rung)
  for first = 1, #messages, TOGETHER do
    local last = math.min(first + TOGETHER - 1, #messages)
    if last - first < MANY or not publish_together(messages, first, last, rung) then
      for index = first, last do
        rung[publish(messages[index][1], messages[index][2])] = true
      end
    end
  end
end

local function ring_all(queues)
  for queue in pairs(queues) do
    redis.call('SADD', QUEUES, queue)
    ring(queue)
  end
end

local function forget(key)
  redis.call('HDEL', MESSAGES, key)
  redis.call('HDEL', DELIVERIES, key)
end

-- Returns the number of the delivery that begins now.
local function delivery_of(key)
  return 1 + (redis.call('HGET', DELIVERIES, key) or 0)
end

-- Puts a claimed message back where it stood in its queue. Returns the queue, or nil if the message is gone.
local function put_back(key, token)
  local record = redis.call('HGET', MESSAGES, key)
  if not record then
    forget(key)
    return nil
  end
  local queue = open_record(record)
  local score = string.match(token, ':(.*)$')
  redis.call('ZADD', QUEUE .. queue, score, key)
  return queue
end

-- Runs `write` in the db of the results and comes back. `dbs` is "" or "<results db> <own db>".
local function in_results_db(dbs, write)
  if dbs == '' then
    return write()
  end
  local results, own = string.match(dbs, '^(%d+) (%d+)$')
  redis.call('SELECT', results)
  local value = write()
  redis.call('SELECT', own)
  return value
end

local function store_result(task_id, document, ttl)
  local name = 'celery-task-meta-' .. task_id
  if ttl == '' then
    redis.call('SET', name, document)
  else
    redis.call('SET', name, document, 'PX', ttl)
  end
  redis.call('PUBLISH', name, document)
end

-- A chord is a hash: how many parts it has (size) and has got (done), its parts by place, the places of parts that were
-- added to it by label, and the messages of its body, of which `bodies` still need the parts.
local CHORD = ns .. ':chord:'
-- A chord that gets no part for this long (ms) is forgotten: its header was purged, or lost with its store.
local CHORD_LIFE = 30 * 24 * 60 * 60 * 1000

-- `body` is a list of pairs: record, due. A chord that is open already is left alone.
local function open_chord(chord_id, size, body)
  local chord = CHORD .. chord_id
  if redis.call('HSETNX', chord, 'size', size) == 0 then
    return
  end
  redis.call('HSET', chord, 'done', 0, 'bodies', #body)
  for number, message in ipairs(body) do
    redis.call('HSET', chord, 'record:' .. number, message[1], 'due:' .. number, message[2])
  end
  redis.call('PEXPIRE', chord, CHORD_LIFE)
end

-- Makes room for one more part, once for each label, in a chord that is not complete.
local function extend_chord(chord_id, label)
  local chord = CHORD .. chord_id
  local counts = redis.call('HMGET', chord, 'size', 'done')
  local place = counts[1]
  if not place or tonumber(counts[2]) >= tonumber(place) then
    return
  end
  if redis.call('HSETNX', chord, 'added:' .. label, place) == 0 then
    return
  end
  redis.call('HINCRBY', chord, 'size', 1)
  local early = redis.call('HGET', chord, 'early:' .. label)
  if early then
    redis.call('HDEL', chord, 'early:' .. label)
    redis.call('HSET', chord, 'part:' .. place, early)
    redis.call('HINCRBY', chord, 'done', 1)
  end
end

-- Takes a part in, once; the last one publishes the body. Queues that grow are marked in `rung`.
-- `place` is a number, or the label ("+...") of a part that is added. One that comes before the task has ended that
-- adds it does not count until then.
local function give_part(chord_id, place, value, rung)
  local chord = CHORD .. chord_id
  local size = redis.call('HGET', chord, 'size')
  if not size then
    return
  end
  if string.sub(place, 1, 1) == '+' then
    local label = place
    place = redis.call('HGET', chord, 'added:' .. label)
    if not place then
      redis.call('HSETNX', chord, 'early:' .. label, value)
      return
    end
  end
  if redis.call('HSETNX', chord, 'part:' .. place, value) == 0 then
    return
  end
  redis.call('PEXPIRE', chord, CHORD_LIFE)
  if redis.call('HINCRBY', chord, 'done', 1) == tonumber(size) then
    for number = 1, tonumber(redis.call('HGET', chord, 'bodies')) do
      local message = redis.call('HMGET', chord, 'record:' .. number, 'due:' .. number)
      rung[publish(message[1], message[2])] = true
    end
  end
end

-- The stored links of a chain are a list, in order. It is never changed: whoever runs a link again must find what
-- follows.
local CHAIN = ns .. ':chain:'

-- Stores links, unless there are none or they are stored already, and keeps those of the chain for `life` ms more; 0
-- removes them.
local function keep_chain(chain_id, life, links)
  local chain = CHAIN .. chain_id
  if life == '0' then
    redis.call('UNLINK', chain)
    return
  end
  if #links > 0 and redis.call('EXISTS', chain) == 0 then
    for first = 1, #links, TOGETHER do
      redis.call('RPUSH', chain, unpack(links, first, math.min(first + TOGETHER - 1, #links)))
    end
  end
  redis.call('PEXPIRE', chain, life)
end

-- A message of the body has used the parts; the last one to do so ends the chord.
local function leave_chord(chord_id)
  if redis.call('HINCRBY', CHORD .. chord_id, 'bodies', -1) <= 0 then
    redis.call('UNLINK', CHORD .. chord_id)
  end
end
