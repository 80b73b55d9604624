-- Takes the claims of a dead worker away: each message goes back to its place in its queue, counted as a delivery that
-- ended without an outcome. One that has been delivered too often becomes a dead letter with a FAILURE; so, without a
-- dead letter, does one that had been acknowledged early, since its message is no longer stored.
--
-- ARGV[2]  the worker.
-- ARGV[3]  "" or "expired": release only if its lease has run out.
-- ARGV[4]  how many deliveries a message may have.
-- ARGV[5]  the dbs of results (see in_results_db), or "-" when they are on another server and written by the caller.
-- ARGV[6]  results' time to live in ms, or "".
-- ARGV[7]  dead letters' time to live in ms.
-- ARGV[8]  the dead letter's reason.
-- ARGV[9], ARGV[10] the FAILURE document before and behind the task id.
-- Returns  { number released, number of dead letters, task id that failed, ... }, or nil if the lease has not run out.

local worker, dbs = ARGV[2], ARGV[5]
local now = clock()
if ARGV[3] == 'expired' then
  local deadline = redis.call('ZSCORE', WORKERS, worker)
  if not deadline or tonumber(deadline) > now then
    return nil
  end
end

local claims, rung, failed = CLAIMS .. worker, {}, {}
local released, dead = 0, 0
local held = redis.call('HGETALL', claims)
redis.call('DEL', claims, ns .. ':worker:' .. worker)
redis.call('ZREM', WORKERS, worker)
for index = 1, #held, 2 do
  local key, token = held[index], held[index + 1]
  local delivery = tonumber(string.match(token, '^(%d+):'))
  local record = stored(key)
  if not record then
    forget(key)
    failed[#failed + 1] = string.match(key, '^([^\n]*)')
  elseif delivery >= tonumber(ARGV[4]) then
    local _, _, task_id = open_record(record)
    redis.call('ZADD', DEAD, now + tonumber(ARGV[7]), key)
    redis.call('HSET', DEAD_MESSAGES, key, ARGV[8] .. '\n' .. record)
    forget(key)
    failed[#failed + 1] = task_id
    dead = dead + 1
  else
    redis.call('HSET', DELIVERIES, key, delivery)
    rung[put_back(key, token)] = true
    released = released + 1
  end
end
if #failed > 0 and dbs ~= '-' then
  in_results_db(dbs, function()
    for _, task_id in ipairs(failed) do
      store_result(task_id, ARGV[9] .. task_id .. ARGV[10], ARGV[6])
    end
  end)
end
for queue in pairs(rung) do
  ring(queue)
end
local reply = { released, dead }
for index, task_id in ipairs(failed) do
  reply[2 + index] = task_id
end
return reply
