-- Prepended to scripts that write little at a time: commands that note how they are undone.

-- Runs one of HSET, HDEL, ZADD, ZREM, SADD, SREM, RPUSH, LPUSH and SET on one field, member or
-- value.
local function write(command, key, first, second)
  local before
  if command == 'HSET' or command == 'HDEL' then
    before = redis.call('HGET', key, first)
    if before then
      try('HSET', key, first, before)
    elseif command == 'HDEL' then
      return 0
    else
      try('HDEL', key, NONE)
    end
    local reply
    if second then
      reply = redis.call(command, key, first, second)
    else
      reply = redis.call(command, key, first)
    end
    undo_by(before and 'HSET' or 'HDEL', key, first, before or nil)
    return reply
  elseif command == 'ZADD' or command == 'ZREM' then
    local member = command == 'ZADD' and second or first
    before = redis.call('ZSCORE', key, member)
    if before then
      try('ZADD', key, 'XX', before, member)
    elseif command == 'ZREM' then
      return 0
    else
      try('ZREM', key, NONE)
    end
    local reply
    if command == 'ZADD' then
      reply = redis.call('ZADD', key, first, member)
    else
      reply = redis.call('ZREM', key, member)
    end
    if before then
      undo_by('ZADD', key, before, member)
    else
      undo_by('ZREM', key, member)
    end
    return reply
  elseif command == 'SADD' or command == 'SREM' then
    if redis.call('SISMEMBER', key, first) == (command == 'SADD' and 1 or 0) then
      return 0
    end
    if command == 'SADD' then
      try('SREM', key, NONE)
    else
      try('SADD', key, first)
    end
    redis.call(command, key, first)
    undo_by(command == 'SADD' and 'SREM' or 'SADD', key, first)
    return 1
  elseif command == 'RPUSH' or command == 'LPUSH' then
    try('LTRIM', key, 0, -1)
    local reply = redis.call(command, key, first)
    if command == 'RPUSH' then
      undo_by('LTRIM', key, 0, -2)
    else
      undo_by('LTRIM', key, 1, -1)
    end
    return reply
  end
  before = redis.call('GET', key)
  try('DEL', key .. NONE)
  local reply = redis.call('SET', key, first)
  if before then
    undo_by('SET', key, before, 'KEEPTTL')
  else
    undo_by('DEL', key)
  end
  return reply
end
