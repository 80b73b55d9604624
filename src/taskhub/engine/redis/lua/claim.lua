-- Moves what is due, or whose turn it is (throttle.lua), into its queue, then gives a worker up to `limit` messages: highest priority first, then oldest,
-- over all the queues it serves.
--
-- ARGV[2]  the worker.
-- ARGV[3]  limit; 0 asks only to pass the bell on.
-- ARGV[4]  length of the lease in ms that a worker gets with its claims if it has none.
-- ARGV[5..] the queues.
-- Returns  { now, next due or "", key, token, revoked ("1" or ""), record, key, ... }.
-- Keeps    a message is claimed by at most one worker; its token names this delivery of it. Whoever holds claims has a
--          lease, so that they are found when it dies.

local PROMOTED_AT_ONCE = 500
-- An idle courier looks again by itself after this long (ms), so only what is due sooner needs a bell.
local IDLE_WAIT = 2000

local now = clock()
local worker, limit = ARGV[2], tonumber(ARGV[3])
local claims = CLAIMS .. worker

local rung = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, PROMOTED_AT_ONCE)) do
  local queue, priority, key = string.match(member, '^([^\n]*)\n(%d)\n(.*)$')
  redis.call('ZREM', DELAYED, member)
  push_ready(queue, priority, key)
  rung[queue] = true
end

local next_turn = give_due_turns(now, rung)

-- Queues that hold something, with their foremost entry.
local heads = {}
for index = 5, #ARGV do
  local head = redis.call('ZRANGE', QUEUE .. ARGV[index], 0, 0, 'WITHSCORES')
  if head[1] then
    heads[#heads + 1] = { queue = ARGV[index], score = tonumber(head[2]) }
  end
end

local taken = {}
if limit > 0 and #heads == 1 then
  taken = redis.call('ZPOPMIN', QUEUE .. heads[1].queue, limit)
elseif limit > 0 then
  while #taken < 2 * limit and #heads > 0 do
    local first = 1
    for index = 2, #heads do
      if heads[index].score < heads[first].score then
        first = index
      end
    end
    local popped = redis.call('ZPOPMIN', QUEUE .. heads[first].queue)
    taken[#taken + 1], taken[#taken + 2] = popped[1], popped[2]
    local head = redis.call('ZRANGE', QUEUE .. heads[first].queue, 0, 0, 'WITHSCORES')
    if head[1] then
      heads[first].score = tonumber(head[2])
    else
      table.remove(heads, first)
    end
  end
end

local soonest = redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]
if next_turn and (not soonest or tonumber(next_turn) < tonumber(soonest)) then
  soonest = next_turn
end
local reply = { now, soonest or '' }
local any_revoked = redis.call('EXISTS', REVOKED) == 1
local any_redelivered = redis.call('EXISTS', DELIVERIES) == 1
for index = 1, #taken, 2 do
  local key = taken[index]
  local record = redis.call('HGET', MESSAGES, key)
  if record then
    local token = (any_redelivered and delivery_of(key) or 1) .. ':' .. taken[index + 1]
    redis.call('HSET', claims, key, token)
    local revoked = ''
    if any_revoked then
      local _, _, task_id = open_record(record)
      local until_then = redis.call('ZSCORE', REVOKED, task_id)
      if until_then and tonumber(until_then) > now then
        revoked = '1'
      end
    end
    local size = #reply
    reply[size + 1], reply[size + 2], reply[size + 3], reply[size + 4] = key, token, revoked, record
  end
end
if #reply > 2 then
  redis.call('ZADD', WORKERS, 'NX', now + tonumber(ARGV[4]), worker)
end

-- A worker that took its fill leaves the rest to others: it wakes the next for what is ready or soon due.
if #taken >= 2 * limit then
  local soon = soonest and tonumber(soonest) - now < IDLE_WAIT
  for index = 5, #ARGV do
    rung[ARGV[index]] = true
    if soon then
      ring(ARGV[index])
    end
  end
end
for queue in pairs(rung) do
  if redis.call('EXISTS', QUEUE .. queue) == 1 then
    ring(queue)
  end
end
return reply
