-- Prepended to scripts that store messages, after `sequence.lua`.

-- Keys of messages that end with this script: another with the same task id may take the place
-- of each.
local replaceable = {}

-- Stores a record and makes it ready, or due later: due is "" (now), "+<ms>" (from now) or "<ms>"
-- (a point in time). A second message with a task id that is still stored gets a key of its own, so
-- that both run. Returns its queue.
local function publish(record, due)
  local queue, priority, task_id = open_record(record)
  if not queue then
    error({
      err = 'a message without queue, priority and task id in its first three lines '
        .. 'cannot be stored',
    })
  end
  local key = task_id
  if replaceable[key] then
    undo_by('HSET', MESSAGES, key, redis.call('HGET', MESSAGES, key) or '')
    redis.call('HSET', MESSAGES, key, record)
    replaceable[key] = nil
  else
    if redis.call('HSETNX', MESSAGES, key, record) == 0 then
      key = task_id .. '\n' .. redis.call('INCR', SEQUENCE)
      redis.call('HSET', MESSAGES, key, record)
    end
    undo_by('HDEL', MESSAGES, key)
  end
  if due == '' then
    redis.call('ZADD', QUEUE .. queue, (9 - priority) * BAND + next_sequences(1), key)
    undo_by('ZREM', QUEUE .. queue, key)
  else
    local at = tonumber(due)
    if string.sub(due, 1, 1) == '+' then
      at = at + clock()
    end
    local member = queue .. '\n' .. priority .. '\n' .. key
    redis.call('ZADD', DELAYED, at, member)
    undo_by('ZREM', DELAYED, member)
  end
  return queue
end

-- From this many messages on, storing them together pays.
local MANY = 8

-- Publishes messages { record, due } in order. Queues that grow are marked in `grown`.
local function publish_all(messages, grown)
  for first = 1, #messages, TOGETHER do
    local last = math.min(first + TOGETHER - 1, #messages)
    -- In a few calls for all, unless one is not ready at once, or its task id is stored already.
    local together = last - first >= MANY
    local keys, fields, queues, seen
    if together then
      keys, fields, queues, seen = {}, {}, {}, {}
    end
    for index = first, together and last or first - 1 do
      local record = messages[index].record
      local queue, priority, task_id = open_record(record)
      local is_ready = messages[index].due == ''
      if not queue or not is_ready or seen[task_id] or replaceable[task_id] then
        together = false
        break
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
    for _, stored in ipairs(together and redis.call('HMGET', MESSAGES, unpack(keys)) or {}) do
      together = together and not stored
    end
    if together then
      local before = next_sequences(#keys) - 1
      redis.call('HSET', MESSAGES, unpack(fields))
      undo_by('HDEL', MESSAGES, unpack(keys))
      for queue, entries in pairs(queues) do
        local members = {}
        for position = 1, #entries, 2 do
          entries[position] = entries[position] + before
          members[#members + 1] = entries[position + 1]
        end
        redis.call('ZADD', QUEUE .. queue, unpack(entries))
        undo_by('ZREM', QUEUE .. queue, unpack(members))
        grown[queue] = true
      end
    else
      for index = first, last do
        grown[publish(messages[index].record, messages[index].due)] = true
      end
    end
  end
end

-- Makes queues known that have grown, and wakes their exchange loops.
local function announce_all(queues)
  for queue in pairs(queues) do
    attempt('SADD', QUEUES, queue)
    notify(queue)
  end
end
