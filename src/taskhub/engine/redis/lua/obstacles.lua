-- Tries every command that the scripts use on keys like those that they use, in a way that leaves
-- nothing behind; and finds keys of another type than the scripts need.
--
-- ARGV[2]  the place of results (see store_results); "" when they are on another server.
-- ARGV[3..] queues whose keys are looked at, beside those that hold messages.
-- Returns  a list per command that the server refuses: the command, its key, and the server's
--          words; and a list per such key: "", the key, its type, and the type that is needed.

local refused = {}
local function probe(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then
    refused[#refused + 1] = { command, (string.gsub(key, '%z.*', '*')), reply.err }
    return false
  end
  return true
end

local function probe_hash(key)
  if probe('HDEL', key, NONE) and probe('HSET', key, NONE, '1') then
    for _, command in ipairs({ 'HGET', 'HEXISTS', 'HMGET', 'HSTRLEN' }) do
      probe(command, key, NONE)
    end
    probe('HSETNX', key, NONE, '1')
    probe('HINCRBY', key, NONE, 1)
    probe('HLEN', key)
    redis.pcall('HDEL', key, NONE)
  end
end

local function probe_sorted_set(key)
  -- Behind all others, so that nobody takes it: this script is one step.
  if probe('ZREM', key, NONE) and probe('ZADD', key, '+inf', NONE) then
    probe('ZSCORE', key, NONE)
    probe('ZCARD', key)
    probe('ZRANGE', key, 0, 0, 'WITHSCORES')
    probe('ZRANGEBYSCORE', key, '-inf', '-inf')
    probe('ZREMRANGEBYSCORE', key, '-inf', '-inf')
    redis.pcall('ZREM', key, NONE)
  end
end

clock()
local hashes = { MESSAGES, DELIVERIES, CLAIMS .. NONE, DEAD_MESSAGES, FAILED_MESSAGES }
for _, key in ipairs({ ns .. ':chord:' .. NONE, ns .. ':history:records', unpack(hashes) }) do
  probe_hash(key)
end
local sorted_sets = { DELAYED, REVOKED, WORKERS, DEAD, FAILED, QUEUE .. NONE }
for _, key in ipairs({ ns .. ':chords:open', ns .. ':history', unpack(sorted_sets) }) do
  probe_sorted_set(key)
end
probe('HGETALL', CLAIMS .. NONE)
probe('ZPOPMIN', QUEUE .. NONE, 1)
if probe('SREM', QUEUES, NONE) and probe('SADD', QUEUES, NONE) then
  redis.pcall('SREM', QUEUES, NONE)
end
probe('INCRBY', ns .. ':sequence', 1)
probe('INCR', ns .. ':sequence')

local scratch = ns .. ':probe:' .. NONE
if probe('DEL', scratch) then
  probe('EXISTS', scratch)
  probe('RPUSH', scratch, '1')
  probe('LPUSH', scratch, '1')
  probe('LRANGE', scratch, 0, 0)
  probe('LSET', scratch, 0, '1')
  probe('LTRIM', scratch, 0, -1)
  probe('LPOP', scratch, 1)
  probe('PEXPIRE', scratch, 1000)
  probe('UNLINK', scratch)
  probe('SET', scratch, '1', 'PX', 1000, 'GET')
  probe('GET', scratch)
  redis.pcall('DEL', scratch)
  probe('XADD', scratch, 'MAXLEN', '~', 10, '*', 'event', '1')
  probe('XTRIM', scratch, 'MAXLEN', '~', 10)
  redis.pcall('DEL', scratch)
end
probe('RPUSH', NOTIFIER .. NONE, '1')
redis.pcall('DEL', NOTIFIER .. NONE)

if ARGV[2] ~= '' then
  local there, own, prefix = string.match(ARGV[2], '^(%d*) (%d*) (.*)$')
  if there == '' or probe('SELECT', there) then
    local name = prefix .. NONE
    if probe('DEL', name) and probe('SET', name, '1', 'PX', 1000, 'GET') then
      probe('GETRANGE', name, 0, 1)
      redis.pcall('DEL', name)
    end
    probe('PUBLISH', name, '')
    if there ~= '' then
      redis.pcall('SELECT', own)
    end
  end
end
for _, found in ipairs(wrong_types(3)) do
  refused[#refused + 1] = { '', unpack(found) }
end
return refused
