-- Reads which ready message of each queue has waited longest: over all priority bands the one with
-- the lowest sequence.
--
-- ARGV[2..] queues.
-- Returns  the present, ms; then for each queue that sequence, or "" if nothing is ready.

local found = { clock() }
for index = 2, #ARGV do
  local oldest
  local head = redis.call('ZRANGE', QUEUE .. ARGV[index], 0, 0, 'WITHSCORES')
  while head[2] do
    local score = tonumber(head[2])
    local band = math.floor(score / BAND)
    local sequence = score - band * BAND
    if not oldest or sequence < oldest then
      oldest = sequence
    end
    local others = string.format('%.0f', (band + 1) * BAND)
    head = redis.call(
      'ZRANGEBYSCORE', QUEUE .. ARGV[index], others, '+inf', 'WITHSCORES', 'LIMIT', 0, 1
    )
  end
  found[#found + 1] = oldest and string.format('%.0f', oldest) or ''
end
return found
