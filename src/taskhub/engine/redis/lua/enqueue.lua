-- Stores messages and makes each ready or due.
--
-- ARGV[2]  "1" when this call repeats one whose reply was lost: messages that are stored already are left alone.
-- ARGV[3]  the dbs of results (see in_results_db); used only when repeating.
-- ARGV[4..] pairs: record, due.
-- Returns  the number of messages stored.
-- Keeps    every stored message is in exactly one of: a queue, the delayed, the claims of one worker.

local repeated, dbs = ARGV[2] == '1', ARGV[3]
local rung, count = {}, 0

local function known(task_id)
  if redis.call('HEXISTS', MESSAGES, task_id) == 1 then
    return true
  end
  return in_results_db(dbs, function()
    return redis.call('EXISTS', 'celery-task-meta-' .. task_id) == 1
  end)
end

for index = 4, #ARGV, 2 do
  local record = ARGV[index]
  local skip = false
  if repeated then
    local _, _, task_id = open_record(record)
    skip = known(task_id)
  end
  if not skip then
    rung[publish(record, ARGV[index + 1])] = true
    count = count + 1
  end
end
ring_all(rung)
return count
