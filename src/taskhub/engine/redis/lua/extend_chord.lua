-- Makes room for one more part in a chord that is not complete.
--
-- ARGV[2]  the chord.
-- Returns  the index of the part, or -1 if there is no such chord (any more).

local chord = CHORD .. ARGV[2]
if redis.call('EXISTS', chord) == 0 then
  return -1
end
return redis.call('HINCRBY', chord, 'size', 1) - 1
