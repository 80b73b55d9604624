-- Writes an intermediate state (STARTED, PROGRESS, ...). Never over a SUCCESS, as in Celery.
--
-- ARGV[2], ARGV[3], ARGV[4] worker, key, token to write only while that claim stands; "" for no such condition.
-- ARGV[5]  the dbs of results (see in_results_db).
-- ARGV[6], ARGV[7], ARGV[8] task id, document, time to live in ms or "".
-- Returns  1 if written, else 0.

if ARGV[2] ~= '' and redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
return in_results_db(ARGV[5], function()
  local present = redis.call('GETRANGE', 'celery-task-meta-' .. ARGV[6], 0, 20)
  if string.find(present, '^{"status": ?"SUCCESS"') then
    return 0
  end
  store_result(ARGV[6], ARGV[7], ARGV[8])
  return 1
end)
