-- Prepended to scripts that make messages ready: the places of queues.

local SEQUENCE, STAGED = ns .. ':sequence', ns .. ':staged:'

-- A priority's band of scores; sequences stay far below it. A sequence is the number of steps since
-- the beginning of 2025, so that a score shows when its message became ready (engine/positions.py
-- reads it).
local BAND = 562949953421312
local EPOCH, STEPS = 1735689600000, 256

-- Returns the first of so many sequences: those of now or, if these were given already, those
--         behind the last one.
local function next_sequences(count)
  local first = redis.call('INCRBY', SEQUENCE, count) - count + 1
  local now = (clock() - EPOCH) * STEPS
  if first < now then
    redis.call('INCRBY', SEQUENCE, string.format('%.0f', now - first))
    first = now
  end
  return first
end
