-- Prepended to scripts that deal with chords whose size is not known yet, after `canvas.lua`: the
-- caller still reads the members of their headers from a generator, and sends them in pages.
--
-- The size of such a chord is that of the pages so far, and 1: so it is not complete before the
-- last page takes the 1 away.
-- The members that are sent give their parts as to any chord.

-- The open chords, by the time (ms) until which each waits for its next page.
local OPEN_CHORDS = ns .. ':chords:open'

local function chord_key(chord_id)
  return ns .. ':chord:' .. chord_id
end

-- Adds the parts of a page; `wait` (ms) is "" for the last one, `failure` "" for all but the first.
local function take_page(chord_id, parts, wait, failure, grown)
  local chord = chord_key(chord_id)
  local growth = tonumber(parts)
  if failure ~= '' then
    write('HSET', chord, 'failure', failure)
    growth = growth + 1
  elseif not redis.call('ZSCORE', OPEN_CHORDS, chord_id) then
    error({ err = 'the chord has ended as FAILURE: its caller did not send the next page in time' })
  end
  if wait == '' then
    growth = growth - 1
    write('ZREM', OPEN_CHORDS, chord_id)
  else
    write('ZADD', OPEN_CHORDS, clock() + wait, chord_id)
  end
  local size = redis.call('HINCRBY', chord, 'size', growth)
  undo_by('HINCRBY', chord, 'size', -growth)
  if wait == '' and tonumber(redis.call('HGET', chord, 'done')) == size then
    canvas().publish_body(chord, grown)
  end
end

-- Ends an open chord at once: `failure` takes the place of all its parts, and the body is published
-- to fail by it.
local function fail_chord(chord_id, failure, grown)
  local chord = chord_key(chord_id)
  local stored = redis.call('HGET', chord, 'failure')
  if stored then
    write('HSET', chord, 'part:0', failure ~= '' and failure or stored)
    write('HSET', chord, 'extra', 0)
    -- More than there are: the parts that are still to come complete nothing.
    write('HSET', chord, 'done', 2)
    write('HSET', chord, 'size', 1)
    canvas().publish_body(chord, grown)
  end
  write('ZREM', OPEN_CHORDS, chord_id)
end
