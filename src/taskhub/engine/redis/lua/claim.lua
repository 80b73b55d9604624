-- Moves what is due, or gets a permit (rate_limiter.lua), into its queue, then gives a worker up to
-- `limit` messages: highest priority first, then oldest, over all the queues it serves.
--
-- ARGV[2]  the worker.
-- ARGV[3]  limit; 0 asks only to pass the notifier on.
-- ARGV[4]  length of the lease in ms that a worker gets with its claims if it has none.
-- ARGV[5]  which suspects (engine/suspects.py) it gets: "" all, "one" and nothing beside it,
--          "none".
-- ARGV[6], ARGV[7]  suspects were lost with their workers at least as often as the first says, less
--                   often than the second.
-- ARGV[8..] the queues.
-- Returns  { now, next due or "", what the server said of queues that cannot be read or "", how
--          many suspects were left, key, token, revoked ("1" or ""), record, key, ... }.
-- Keeps    a message is claimed by at most one worker; its token names this delivery of it. A
--          worker that holds claims has a lease, so that they are found when it dies.

local PROMOTED_AT_ONCE = 500
-- A worker that gets no suspects looks behind so many of them.
local SUSPECTS_PASSED = 100
-- An idle exchange loop looks again by itself after this long (ms), so only what is due sooner
-- needs a notifier.
local IDLE_WAIT = 2000

local now = clock()
local worker, limit = ARGV[2], tonumber(ARGV[3])
local claims = CLAIMS .. worker

local PAUSED = ns .. ':paused'
-- What most claims find none of is looked for with one command.
local any_special = redis.call('EXISTS', DELAYED, NEXT_PERMITS, PAUSED, DELIVERIES, REVOKED) > 0

local grown, due = {}, nil
if any_special then
  due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'LIMIT', 0, PROMOTED_AT_ONCE)
end
for _, member in ipairs(due or {}) do
  local queue, priority, key = string.match(member, '^([^\n]*)\n(%d)\n(.*)$')
  if queue then
    try('ZREM', QUEUE .. queue, NONE)
    redis.call('ZADD', QUEUE .. queue, (9 - priority) * BAND + next_sequences(1), key)
    undo_by('ZREM', QUEUE .. queue, key)
    grown[queue] = true
  end
  -- What has another form names no message: it must not be in the way of others.
  write('ZREM', DELAYED, member)
end

local next_permit = any_special and redis.call('ZRANGE', NEXT_PERMITS, 0, 0, 'WITHSCORES')[2]
if next_permit and tonumber(next_permit) <= now then
  next_permit = rate_limits().grant_due_permits(now, grown)
end

-- Queues that hold something, with their foremost entry. One whose key is of another type does not
-- stop the others, and a paused one gives nothing.
local heads, troubles = {}, {}
local any_paused, paused = any_special and redis.call('EXISTS', PAUSED) == 1, {}
for index = 8, any_paused and #ARGV or 7 do
  paused[ARGV[index]] = redis.call('HEXISTS', PAUSED, ARGV[index]) == 1
end
for index = 8, #ARGV do
  local head = redis.pcall('ZRANGE', QUEUE .. ARGV[index], 0, 0, 'WITHSCORES')
  if head.err then
    troubles[#troubles + 1] = QUEUE .. ARGV[index] .. ': ' .. head.err
  elseif head[1] and not paused[ARGV[index]] then
    heads[#heads + 1] = { queue = ARGV[index], score = tonumber(head[2]) }
  end
end

-- What is taken: a list of key, score; and from which queue each came, if there are several.
local taken, from = {}, nil
-- Whether any message was ever lost, whether suspects are to be kept apart, whether one is taken,
-- how many are left.
local any_redelivered, apart, takes_suspect, suspects_left = false, false, false, 0
if limit > 0 and #heads > 0 then
  if not redis.call('ZSCORE', WORKERS, worker) then
    -- First a write that takes no memory: see begin.lua.
    redis.call('ZREM', WORKERS, NONE)
    redis.call('ZADD', WORKERS, now + tonumber(ARGV[4]), worker)
  end
  any_redelivered = any_special and redis.call('EXISTS', DELIVERIES) == 1
  apart = any_redelivered and ARGV[5] ~= ''
  local only = heads[1].queue
  if not apart then
    undo[#undo + 1] = function()
      for index = 1, #taken, 2 do
        redis.call('ZADD', QUEUE .. (from and from[index] or only), taken[index + 1], taken[index])
      end
    end
  end
end
if apart then
  -- The foremost of all queues, each { key, score, queue, whether it is a suspect }; and whether
  -- any is one.
  local function look_at(count)
    local found, seen, lost_least, lost_below = {}, {}, tonumber(ARGV[6]), tonumber(ARGV[7])
    for _, head in ipairs(heads) do
      local entries = redis.call('ZRANGE', QUEUE .. head.queue, 0, count - 1, 'WITHSCORES')
      for index = 1, #entries, 2 do
        if not seen[entries[index]] then
          seen[entries[index]] = true
          found[#found + 1] = { entries[index], entries[index + 1], head.queue }
        end
      end
    end
    table.sort(found, function(one, other)
      return tonumber(one[2]) < tonumber(other[2])
    end)
    local any = false
    for index, entry in ipairs(found) do
      if index > count then
        found[index] = nil
      else
        -- One with a mark is not run: it is no suspect.
        local lost = tonumber(redis.call('HGET', DELIVERIES, entry[1]) or 0)
        entry[4] = lost and lost >= lost_least and lost < lost_below
        any = any or entry[4]
      end
    end
    return found, any
  end

  local alone = ARGV[5] == 'one'
  local found, any = look_at(limit)
  takes_suspect = any and alone
  if any and not alone then
    found = look_at(limit + SUSPECTS_PASSED)
  end
  for _, entry in ipairs(found) do
    if entry[4] and (#taken > 0 or not alone) then
      suspects_left = suspects_left + 1
    elseif #taken < 2 * limit and (entry[4] or not takes_suspect) then
      write('ZREM', QUEUE .. entry[3], entry[1])
      taken[#taken + 1], taken[#taken + 2] = entry[1], entry[2]
    end
  end
elseif limit > 0 and #heads == 1 then
  taken = redis.call('ZPOPMIN', QUEUE .. heads[1].queue, limit)
elseif limit > 0 and #heads > 1 then
  from = {}
  while #taken < 2 * limit and #heads > 0 do
    local first = 1
    for index = 2, #heads do
      if heads[index].score < heads[first].score then
        first = index
      end
    end
    local popped = redis.call('ZPOPMIN', QUEUE .. heads[first].queue)
    from[#taken + 1] = heads[first].queue
    taken[#taken + 1], taken[#taken + 2] = popped[1], popped[2]
    local head = redis.call('ZRANGE', QUEUE .. heads[first].queue, 0, 0, 'WITHSCORES')
    if head[1] then
      heads[first].score = tonumber(head[2])
    else
      table.remove(heads, first)
    end
  end
end

local soonest = any_special and redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]
if next_permit and (not soonest or tonumber(next_permit) < tonumber(soonest)) then
  soonest = next_permit
end
local reply = { now, soonest or '', table.concat(troubles, '; '), suspects_left }
local any_revoked = any_special and #taken > 0 and redis.call('EXISTS', REVOKED) == 1
for first = 1, #taken, 2 * TOGETHER do
  local keys, held, claimed = {}, {}, {}
  for index = first, math.min(first + 2 * TOGETHER, #taken) - 1, 2 do
    keys[#keys + 1] = taken[index]
  end
  for number, record in ipairs(redis.call('HMGET', MESSAGES, unpack(keys))) do
    if record then
      local key = keys[number]
      local delivery = any_redelivered and next_delivery(key) or '1'
      local token = delivery .. ':' .. taken[first + 2 * number - 1]
      held[#held + 1], held[#held + 2], claimed[#claimed + 1] = key, token, key
      local revoked = ''
      if any_revoked then
        local _, _, task_id = open_record(record)
        local until_then = redis.call('ZSCORE', REVOKED, task_id or key)
        if until_then and tonumber(until_then) > now then
          revoked = '1'
        end
      end
      local size = #reply
      reply[size + 1], reply[size + 2] = key, token
      reply[size + 3], reply[size + 4] = revoked, record
    end
  end
  if #held > 0 then
    redis.call('HSET', claims, unpack(held))
    undo_by('HDEL', claims, unpack(claimed))
  end
end

-- A worker that took its fill, or a suspect, leaves the rest to others: it wakes the next for what
-- is ready or soon due.
answer = reply
if #taken >= 2 * limit or takes_suspect or (suspects_left > 0 and #taken > 0) then
  local soon = soonest and tonumber(soonest) - now < IDLE_WAIT
  for index = 8, #ARGV do
    if not paused[ARGV[index]] then
      grown[ARGV[index]] = true
      if soon then
        notify(ARGV[index])
      end
    end
  end
end
for queue in pairs(grown) do
  if any_paused and paused[queue] == nil then
    paused[queue] = attempt('HEXISTS', PAUSED, queue) == 1
  end
  if not paused[queue] and attempt('EXISTS', QUEUE .. queue) == 1 then
    notify(queue)
  end
end
return reply
