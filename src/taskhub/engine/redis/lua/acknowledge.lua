-- Early acknowledgement: forgets the stored message but keeps the claim, so that the ending is still fenced and a crash
-- is seen as a lost worker. Its key stays taken, by an empty record, so that a second message with the same task id does
-- not meet this claim.
--
-- ARGV[2]  the worker.
-- ARGV[3], ARGV[4] key, token.
-- Returns  1, or 0 if the claim no longer stands.

if redis.call('HGET', CLAIMS .. ARGV[2], ARGV[3]) ~= ARGV[4] then
  return 0
end
redis.call('HDEL', MESSAGES, ARGV[3])
redis.call('HSET', MESSAGES, ARGV[3], '')
return 1
