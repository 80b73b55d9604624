-- Prepended to every script of this folder: the names of keys, and the few moves that several scripts make.
--
-- KEYS[1]  `{namespace}`: every key is built from it, so that all of them hash to one slot.
-- ARGV[1]  the present time in ms, or "" for the server's own clock (tests pass theirs).
--
-- A *record* is what is stored of a message: "<queue>\n<priority>\n<task id>\n<body>"; "" once it has been
-- acknowledged early.
-- A *token* is what proves a claim: "<delivery>:<score>", the score being the place it had in its queue.

local ns = KEYS[1]
local MESSAGES, DELAYED, REVOKED = ns .. ':messages', ns .. ':delayed', ns .. ':revoked'
local DELIVERIES, WORKERS, QUEUES = ns .. ':deliveries', ns .. ':workers', ns .. ':queues'
local DEAD, DEAD_MESSAGES = ns .. ':dead', ns .. ':dead:messages'
local QUEUE, CLAIMS, BELL = ns .. ':queue:', ns .. ':claims:', ns .. ':bell:'

-- A priority's band of scores; sequences stay far below it.
local BAND = 562949953421312

local function clock()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
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
  local age = redis.call('INCR', ns .. ':sequence')
  redis.call('ZADD', QUEUE .. queue, (9 - priority) * BAND + age, key)
end

-- Stores a record and makes it ready, or due later: due is "" (now), "+<ms>" (from now) or "<ms>" (a point in time).
-- A second message with a task id that is still stored gets a key of its own, so that both run. Returns its queue.
local function publish(record, due)
  local queue, priority, task_id = open_record(record)
  local key = task_id
  if redis.call('HSETNX', MESSAGES, key, record) == 0 then
    key = task_id .. '\n' .. redis.call('INCR', ns .. ':sequence')
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

local function ring_all(queues)
  for queue in pairs(queues) do
    redis.call('SADD', QUEUES, queue)
    ring(queue)
  end
end

-- Returns the record of a key, or nil if there is no message to run (any more).
local function stored(key)
  local record = redis.call('HGET', MESSAGES, key)
  return record and record ~= '' and record or nil
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
  local record = stored(key)
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
