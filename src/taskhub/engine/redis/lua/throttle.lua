-- Prepended to the scripts that deal with rate limits. Times are in microseconds where a name says so, to be reckoned
-- with in whole numbers.
--
-- bucket:<task>     hash: the pace of a task (`interval` in microseconds, 0: no limit; `burst`, how many tokens it
--                   holds) and `full`, when it will be full again (microseconds). Every token taken adds an interval.
-- throttled:<task>  zset: the keys that wait for their turns, at the places that they had in their queues.
-- throttled         hash: those keys -> "<queue>\n<task>".
-- turns             zset: task -> when the next of those that wait gets its turn, ms.

local BUCKET, PLACES = ns .. ':bucket:', ns .. ':throttled:'
local THROTTLED, TURNS = ns .. ':throttled', ns .. ':turns'
local TURNS_AT_ONCE, ASK_AGAIN = 500, 5000

local function open_bucket(task)
  local found = redis.call('HMGET', BUCKET .. task, 'interval', 'burst', 'full')
  return {
    interval = tonumber(found[1] or 0),
    burst = tonumber(found[2] or 1),
    full = tonumber(found[3] or 0),
  }
end

local function close_bucket(task, bucket)
  redis.call(
    'HSET', BUCKET .. task, 'interval', bucket.interval, 'burst', bucket.burst,
    'full', string.format('%.0f', bucket.full)
  )
end

-- Returns how many tasks may begin now (ms).
local function tokens_in(bucket, now)
  if bucket.interval == 0 then
    return TURNS_AT_ONCE
  end
  local missing = math.ceil((bucket.full - now * 1000) / bucket.interval)
  return math.max(0, math.min(bucket.burst, bucket.burst - missing))
end

-- Takes a token; returns whether there was one.
local function take_token(bucket, now)
  if bucket.interval == 0 then
    return true
  end
  if tokens_in(bucket, now) == 0 then
    return false
  end
  bucket.full = math.max(bucket.full, now * 1000) + bucket.interval
  return true
end

-- Notes when the next of those that wait gets its turn: when half the bucket, or enough for all, has come in. Returns
-- when that is (ms), nil if none waits.
local function set_turn(task, bucket, now)
  local waiting = redis.call('ZCARD', PLACES .. task)
  if waiting == 0 then
    redis.call('ZREM', TURNS, task)
    return nil
  end
  local wanted = math.max(1, math.min(waiting, math.floor(bucket.burst / 2)))
  local at = math.max(now, math.ceil((bucket.full - (bucket.burst - wanted) * bucket.interval) / 1000))
  redis.call('ZADD', TURNS, at, task)
  return at
end

-- Makes ready again whose turn it is. They ask when they are claimed, which sets the next turn; if none does, others
-- get theirs later.
local function give_turns(task, now, rung)
  local bucket = open_bucket(task)
  local count = math.min(TURNS_AT_ONCE, tokens_in(bucket, now))
  local first = count > 0 and redis.call('ZPOPMIN', PLACES .. task, count) or {}
  for index = 1, #first, 2 do
    local key = first[index]
    local queue = string.match(redis.call('HGET', THROTTLED, key), '^([^\n]*)\n')
    redis.call('HDEL', THROTTLED, key)
    redis.call('ZADD', QUEUE .. queue, first[index + 1], key)
    rung[queue] = true
  end
  local at = set_turn(task, bucket, now)
  if at and #first > 0 and bucket.interval > 0 then
    redis.call('ZADD', TURNS, now + ASK_AGAIN, task)
  end
end

-- Gives their turns to all whose time has come. Returns when the next one comes (ms, as text), nil if none waits.
local function give_due_turns(now, rung)
  for _ = 1, 10 do
    local soonest = redis.call('ZRANGE', TURNS, 0, 0, 'WITHSCORES')
    if not soonest[1] or tonumber(soonest[2]) > now then
      return soonest[2]
    end
    give_turns(soonest[1], now, rung)
  end
  return string.format('%.0f', now)
end

-- Takes a message out of those that wait for their turns. Returns its place, nil if it does not wait there.
local function leave_throttle(key)
  local where = redis.call('HGET', THROTTLED, key)
  if not where then
    return nil
  end
  local task = string.match(where, '\n(.*)$')
  local score = redis.call('ZSCORE', PLACES .. task, key)
  redis.call('ZREM', PLACES .. task, key)
  redis.call('HDEL', THROTTLED, key)
  return score
end
