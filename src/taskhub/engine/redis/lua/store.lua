-- Writes an intermediate state (STARTED, PROGRESS, ...). Never over a SUCCESS, as in Celery.
--
-- ARGV[2], ARGV[3], ARGV[4] worker, key, token to write only while that claim stands; "" for no
--          such condition.
-- ARGV[5]  the place of results (see store_results).
-- ARGV[6], ARGV[7], ARGV[8] task id, document, time to live in ms or "".
-- Returns  1 if written, else 0.

if ARGV[2] ~= '' and redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
local there, own, prefix = string.match(ARGV[5], '^(%d*) (%d*) (.*)$')
if there ~= '' then
  redis.call('SELECT', there)
end
local present = redis.pcall('GETRANGE', prefix .. ARGV[6], 0, 20)
if there ~= '' then
  redis.call('SELECT', own)
end
if type(present) == 'table' and not string.find(present.err, 'WRONGTYPE', 1, true) then
  error(present)
end
if type(present) == 'string' and string.find(present, '^{"status": ?"SUCCESS"') then
  return 0
end
store_results(ARGV[5], { { ARGV[6], ARGV[7], ARGV[8] } })
answer = 1
attempt('PUBLISH', prefix .. ARGV[6], ARGV[7])
return answer
