-- Renews the leadership of the schedulers, or begins one if nobody leads; then sends what was
-- queued behind runs that have ended.
--
-- ARGV[3]  who asks.
-- ARGV[4]  the token that it has been given, or 0.
-- ARGV[5]  length of the lease in ms.
-- Returns  { token or 0, who leads, now, version of the stored entries }.
-- Keeps    at most one holds the token in force; tokens only grow, so that one who lost the
--          leadership cannot use it.

local now, lease = clock(), tonumber(ARGV[5])
local present = redis.call('HMGET', LEADER, 'holder', 'token', 'until')
local holder, token, deadline = present[1], tonumber(present[2] or 0), tonumber(present[3] or 0)
local version = tonumber(redis.call('GET', SCHEDULE_VERSION) or 0)
if not version then
  error({ err = 'the version of the stored schedule entries is not a number' })
end

local own = holder == ARGV[3] and token == tonumber(ARGV[4]) and deadline > 0
-- A lease that ends later than any lease can was given before the clock was set back.
local free = deadline <= now or deadline > now + 2 * lease
if not own and not free then
  return { 0, holder, now, version }
end
if not own then
  token = token + 1
end
try('HDEL', LEADER, NONE)
local ends = string.format('%.0f', now + lease)
redis.call('HSET', LEADER, 'token', token, 'holder', ARGV[3], 'until', ends)
if present[2] then
  undo_by('HSET', LEADER, 'token', present[2], 'holder', present[1] or '', 'until', present[3] or 0)
else
  undo_by('HDEL', LEADER, 'token', 'holder', 'until')
end

-- Returns a fire time that was queued; nil: something else has written it. One entry must not stop
-- the others.
local function unpack_fire(packed)
  local readable, found = pcall(cmsgpack.unpack, packed)
  if not readable or type(found) ~= 'table' or type(found.task_id) ~= 'string' then
    return nil
  end
  if type(found.messages) ~= 'table' then
    return nil
  end
  for _, message in ipairs(found.messages) do
    if type(message) ~= 'table' or type(message.due) ~= 'string' then
      return nil
    end
    if type(message.record) ~= 'string' or not open_record(message.record) then
      return nil
    end
  end
  return found
end

local grown, sent = {}, {}
for _, entry in ipairs(redis.call('SMEMBERS', QUEUED)) do
  local run, waits = read_run(entry), WAITING .. entry
  if not run or not run.task_id then
    run = { fire = now, at = now, sent = 0, skipped = 0, task_id = '' }
  end
  if run.task_id == '' or redis.call('HEXISTS', MESSAGES, run.task_id) == 0 then
    local packed = redis.call('LRANGE', waits, 0, 0)[1]
    if packed then
      local waiting = unpack_fire(packed)
      try('LPUSHX', waits .. NONE, '')
      if waiting then
        publish_all(waiting.messages, grown)
        run.task_id, run.at, run.sent = waiting.task_id, now, run.sent + 1
        sent[entry] = run.task_id
      else
        run.skipped = run.skipped + 1
      end
      write_run(entry, run)
      redis.call('LTRIM', waits, 1, -1)
      undo_by('LPUSH', waits, packed)
    end
    if redis.call('EXISTS', waits) == 0 then
      write('SREM', QUEUED, entry)
    end
  end
end
answer = { token, ARGV[3], now, version }
announce_all(grown)
for entry, task_id in pairs(sent) do
  update_history(entry, task_id, function(run)
    run.result, run.at = 'sent', now
  end)
end
return answer
