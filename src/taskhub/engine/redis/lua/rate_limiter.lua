-- Prepended to the scripts that deal with rate limits. Times are in microseconds where a name says
-- so, to be reckoned with in whole numbers.
--
-- `{ns}:bucket:<task>`        hash: the rate of a task (`interval` in microseconds, 0: no limit;
--                             `burst`, how many tokens it holds) and `full`, when it will be full
--                             again (microseconds). Every token taken adds an interval.
-- `{ns}:rate_limited:<task>`  zset: the keys that wait for permits, at the positions that they had
--                             in their queues.
-- `{ns}:rate_limited`         hash: those keys -> "<queue>\n<task>".
-- `{ns}:next_permits`         zset: task -> when the next of those that wait gets its permit, ms.

local BUCKET, LIMITED_KEYS = ns .. ':bucket:', ns .. ':rate_limited:'
local RATE_LIMITED, NEXT_PERMITS = ns .. ':rate_limited', ns .. ':next_permits'
local PERMITS_AT_ONCE, REQUEST_AGAIN = 500, 5000

-- Returns the functions, made at the first call.
local made_limits
local function rate_limits()
  if made_limits then
    return made_limits
  end
  local function open_bucket(task)
    local found = redis.call('HMGET', BUCKET .. task, 'interval', 'burst', 'full')
    return {
      interval = tonumber(found[1] or 0),
      burst = tonumber(found[2] or 1),
      full = tonumber(found[3] or 0),
    }
  end

  local function close_bucket(task, bucket)
    write('HSET', BUCKET .. task, 'interval', bucket.interval)
    write('HSET', BUCKET .. task, 'burst', bucket.burst)
    write('HSET', BUCKET .. task, 'full', string.format('%.0f', bucket.full))
  end

  -- Returns how many tasks may begin now (ms).
  local function tokens_in(bucket, now)
    if bucket.interval == 0 then
      return PERMITS_AT_ONCE
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

  -- Notes when the next of those that wait gets its turn: when half the bucket, or enough for all,
  -- has come in. Returns when that is (ms), nil if none waits.
  local function set_permit(task, bucket, now)
    local waiting = redis.call('ZCARD', LIMITED_KEYS .. task)
    if waiting == 0 then
      write('ZREM', NEXT_PERMITS, task)
      return nil
    end
    local wanted = math.max(1, math.min(waiting, math.floor(bucket.burst / 2)))
    local filled = bucket.full - (bucket.burst - wanted) * bucket.interval
    local at = math.max(now, math.ceil(filled / 1000))
    write('ZADD', NEXT_PERMITS, at, task)
    return at
  end

  -- Makes ready again whose turn it is. They ask when they are claimed, which sets the next turn;
  -- if none does, others get theirs later.
  local function grant_permits(task, now, grown)
    local bucket = open_bucket(task)
    local count = math.min(PERMITS_AT_ONCE, tokens_in(bucket, now))
    local first = {}
    if count > 0 then
      first = redis.call('ZRANGE', LIMITED_KEYS .. task, 0, count - 1, 'WITHSCORES')
    end
    for index = 1, #first, 2 do
      local key = first[index]
      local queue = string.match(redis.call('HGET', RATE_LIMITED, key) or '', '^([^\n]*)\n')
      if queue then
        write('ZADD', QUEUE .. queue, first[index + 1], key)
        grown[queue] = true
        write('HDEL', RATE_LIMITED, key)
      end
      write('ZREM', LIMITED_KEYS .. task, key)
    end
    local at = set_permit(task, bucket, now)
    if at and #first > 0 and bucket.interval > 0 then
      write('ZADD', NEXT_PERMITS, now + REQUEST_AGAIN, task)
    end
  end

  -- Gives their turns to all whose time has come. Returns when the next one comes (ms, as text),
  -- nil if none waits.
  local function grant_due_permits(now, grown)
    for _ = 1, 10 do
      local soonest = redis.call('ZRANGE', NEXT_PERMITS, 0, 0, 'WITHSCORES')
      if not soonest[1] or tonumber(soonest[2]) > now then
        return soonest[2]
      end
      grant_permits(soonest[1], now, grown)
    end
    return string.format('%.0f', now)
  end

  -- Takes a message out of those that wait for their turns. Returns its place, nil if it does not
  -- wait there.
  local function leave_rate_limiter(key)
    local where = redis.call('HGET', RATE_LIMITED, key)
    if not where then
      return nil
    end
    local task = string.match(where, '\n(.*)$')
    local score = redis.call('ZSCORE', LIMITED_KEYS .. task, key)
    write('ZREM', LIMITED_KEYS .. task, key)
    write('HDEL', RATE_LIMITED, key)
    return score
  end

  made_limits = {
    open_bucket = open_bucket,
    close_bucket = close_bucket,
    take_token = take_token,
    set_permit = set_permit,
    grant_permits = grant_permits,
    grant_due_permits = grant_due_permits,
    leave_rate_limiter = leave_rate_limiter,
  }
  return made_limits
end
