-- Reads which ready message of each queue has waited longest: over all priority bands the one with
-- the lowest sequence.
--
-- ARGV[2..] queues.
-- Returns  the present, ms; then for each queue that sequence, or "" if nothing is ready.

local NO_BAND = '(' .. string.format('%.0f', 10 * BAND)
local found = { clock() }
for index = 2, #ARGV do
  local queue, oldest, first = QUEUE .. ARGV[index], nil, '0'
  while true do
    -- Up to the last band: behind it is what something else has put there, at any score.
    local head = redis.call(
      'ZRANGEBYSCORE', queue, first, NO_BAND, 'WITHSCORES', 'LIMIT', 0, 1
    )
    if not head[2] then
      break
    end
    local score = tonumber(head[2])
    local band = math.floor(score / BAND)
    local sequence = score - band * BAND
    if not oldest or sequence < oldest then
      oldest = sequence
    end
    first = string.format('%.0f', (band + 1) * BAND)
  end
  found[#found + 1] = oldest and string.format('%.0f', oldest) or ''
end
return found
