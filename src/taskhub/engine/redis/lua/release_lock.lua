-- Gives a lock back.
--
-- ARGV[2]  the name of the lock.
-- ARGV[3]  the task id.
-- Returns  1, or 0 if that task does not hold it.

if redis.call('HGET', ns .. ':locks', ARGV[2]) ~= ARGV[3] then
  return 0
end
return redis.call('HDEL', ns .. ':locks', ARGV[2])
