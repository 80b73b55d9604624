-- Resumes a paused queue, and notifies a worker if it holds messages.
--
-- ARGV[2]  the queue.
-- Returns  1, or 0 if it was not paused.

local PAUSED = ns .. ':paused'
if redis.call('HDEL', PAUSED, ARGV[2]) == 0 then
  return 0
end
answer = 1
if attempt('EXISTS', QUEUE .. ARGV[2]) == 1 then
  notify(ARGV[2])
end
return answer
