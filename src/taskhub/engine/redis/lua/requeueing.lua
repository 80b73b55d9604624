-- Prepended to scripts that requeue claimed messages.

-- Returns a claimed message to its position in its queue. Returns the queue, or nil if the message
--         is gone or cannot
-- be read.
local function requeue_message(key, token)
  local record = redis.call('HGET', MESSAGES, key)
  local queue = record and open_record(record)
  if not queue then
    return nil
  end
  redis.call('ZADD', QUEUE .. queue, string.match(token, ':(.*)$'), key)
  undo_by('ZREM', QUEUE .. queue, key)
  return queue
end

-- Wakes exchange loops of queues that have grown.
local function notify_all(queues)
  for queue in pairs(queues) do
    notify(queue)
  end
end
