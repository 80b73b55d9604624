-- Prepended to `enqueue.lua`, after `publishing.lua`: claims a message for a worker with a free
-- thread and sends it there, so that neither a notification nor a claim is needed.
--
-- `{ns}:receivers:<queue>`  set: the workers that serve the queue and can be sent messages.
-- `{ns}:receiving`          hash: worker -> "<how many messages it may hold then> <channel>" and
--                           its queues, between line breaks. A worker is sent nothing without it.
--
-- A message that is sent this way is in the claims of the worker first, as any that is claimed. One
-- that does not arrive, because the connection breaks, is requeued when the worker notices that, or
-- is lost itself (requeue.lua, reclaim.lua).

local RECEIVING = ns .. ':receiving'
-- So many receivers are looked at for one with a free thread.
local RECEIVERS_TRIED = 3
-- Larger records are claimed: what is published is copied, and servers bound what they hold for
-- one subscriber.
local LARGEST_DISPATCHED = 65536

-- Returns a worker with a free thread that receives messages of a queue, and its channel; nil: none
-- was found.
local function find_receiver(queue)
  local receivers = ns .. ':receivers:' .. queue
  for _ = 1, RECEIVERS_TRIED do
    local worker = redis.pcall('SRANDMEMBER', receivers)
    if type(worker) ~= 'string' then
      return nil
    end
    local known = redis.call('HGET', RECEIVING, worker)
    if known and string.find(known, '\n' .. queue .. '\n', 1, true) then
      local room, channel = string.match(known, '^(%d+) ([^\n]*)')
      if redis.call('HLEN', CLAIMS .. worker) < tonumber(room) then
        return worker, channel
      end
    else
      redis.pcall('SREM', receivers, worker)
    end
  end
  return nil
end

-- Claims a message that is ready now for a worker, and sends it there; or makes it ready, and notes
-- its queue in `grown`, if nobody gets it there. Returns whether it is stored. It is not if no worker
-- is known, while other messages of the queue wait, while it is paused, or while any message is
-- revoked or was lost, about which a claim decides.
local function dispatch(record, grown)
  local queue, priority, task_id = open_record(record)
  if not queue or #record > LARGEST_DISPATCHED then
    return false
  end
  local worker, channel = find_receiver(queue)
  if
    not worker
    or redis.call('EXISTS', QUEUE .. queue, ns .. ':paused', REVOKED, DELIVERIES) > 0
    or redis.call('HSETNX', MESSAGES, task_id, record) == 0
  then
    return false
  end
  undo_by('HDEL', MESSAGES, task_id)
  local score = (9 - priority) * BAND + next_sequences(1)
  local token = string.format('1:%.0f', score)
  redis.call('HSET', CLAIMS .. worker, task_id, token)
  undo_by('HDEL', CLAIMS .. worker, task_id)
  local sent = string.format('%s\n%.0f\n', token, clock())
  local received = redis.pcall('PUBLISH', channel, sent .. record)
  if type(received) == 'number' and received > 0 then
    return true
  end
  -- It is gone, or this user may not send to it.
  if redis.pcall('HDEL', CLAIMS .. worker, task_id) ~= 1 then
    -- Refused: it is reclaimed with what that worker holds.
    return true
  end
  redis.call('ZADD', QUEUE .. queue, score, task_id)
  undo_by('ZREM', QUEUE .. queue, task_id)
  grown[queue] = true
  if received == 0 then
    redis.pcall('HDEL', RECEIVING, worker)
  end
  return true
end
