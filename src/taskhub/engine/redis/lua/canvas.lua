-- Prepended to scripts that deal with chords and with the stored links of chains, after
-- `publishing.lua`.
--
-- `{ns}:chord:<id>`  hash: how many parts the chord has (size), how many of these were added to it
--                    (extra), and how many it has got (done); its parts by position; the positions
--                    of added parts by label ("x1" is that of the first); the messages of its body,
--                    of which `bodies` still need the parts. For chords whose size is not known yet
--                    see open_chords.lua.
-- `{ns}:chain:<id>`  list: the stored links of a chain, in order. It is never changed: the one that
--                    runs a link again must find what follows.

-- Keys that are needed no longer, to be removed when everything is written.
local consumed = {}
local NOTHING = {}

-- Returns the functions, made at the first call.
local made
local function canvas()
  if made then
    return made
  end
  local CHORD, CHAIN = ns .. ':chord:', ns .. ':chain:'
  -- A chord that gets no part for this long (ms) is forgotten: its header was purged, or lost with
  -- its store.
  local CHORD_LIFE = 30 * 24 * 60 * 60 * 1000

  -- Opens a chord whose body are messages { record, due }. One that is open already is left alone.
  local function open_chord(chord_id, size, body)
    local chord = CHORD .. chord_id
    if redis.call('HSETNX', chord, 'size', size) == 0 then
      return
    end
    undo_by('DEL', chord)
    redis.call('HSET', chord, 'done', 0, 'bodies', #body)
    for number, message in ipairs(body) do
      redis.call('HSET', chord, 'record:' .. number, message.record, 'due:' .. number, message.due)
    end
    redis.call('PEXPIRE', chord, CHORD_LIFE)
  end

  -- Makes room for one more part, once for each label, in a chord that is not complete.
  local function extend_chord(chord_id, label)
    local chord = CHORD .. chord_id
    local counts = redis.call('HMGET', chord, 'size', 'done', 'early:' .. label, 'extra')
    local early, extra = counts[3], (counts[4] or 0) + 1
    if not counts[1] or tonumber(counts[2]) >= tonumber(counts[1]) then
      return
    end
    try('HDEL', chord, NONE)
    if redis.call('HSETNX', chord, 'added:' .. label, 'x' .. extra) == 0 then
      return
    end
    undo_by('HDEL', chord, 'added:' .. label)
    write('HSET', chord, 'extra', extra)
    redis.call('HINCRBY', chord, 'size', 1)
    undo_by('HINCRBY', chord, 'size', -1)
    if early then
      redis.call('HSET', chord, 'part:x' .. extra, early)
      undo_by('HDEL', chord, 'part:x' .. extra)
      redis.call('HDEL', chord, 'early:' .. label)
      undo_by('HSET', chord, 'early:' .. label, early)
      redis.call('HINCRBY', chord, 'done', 1)
      undo_by('HINCRBY', chord, 'done', -1)
    end
  end

  -- Publishes the body. Queues that grow are marked in `grown`.
  local function publish_body(chord, grown)
    for number = 1, tonumber(redis.call('HGET', chord, 'bodies')) do
      local message = redis.call('HMGET', chord, 'record:' .. number, 'due:' .. number)
      grown[publish(message[1], message[2])] = true
    end
  end

  -- Takes a part in, once; the last one publishes the body.
  -- `position` is a number, or the label ("+...") of a part that is added. One that comes before
  -- the commit of the task that adds it does not count until then.
  local function give_part(chord_id, position, value, grown)
    local chord = CHORD .. chord_id
    local size = redis.call('HGET', chord, 'size')
    if not size then
      return
    end
    try('HDEL', chord, NONE)
    if string.sub(position, 1, 1) == '+' then
      local label = position
      position = redis.call('HGET', chord, 'added:' .. label)
      if not position then
        if redis.call('HSETNX', chord, 'early:' .. label, value) == 1 then
          undo_by('HDEL', chord, 'early:' .. label)
        end
        return
      end
    end
    if redis.call('HSETNX', chord, 'part:' .. position, value) == 0 then
      return
    end
    undo_by('HDEL', chord, 'part:' .. position)
    redis.call('PEXPIRE', chord, CHORD_LIFE)
    local done = redis.call('HINCRBY', chord, 'done', 1)
    undo_by('HINCRBY', chord, 'done', -1)
    if done == tonumber(size) then
      publish_body(chord, grown)
    end
  end

  -- A message of the body has used the parts; the last one to do so ends the chord.
  local function leave_chord(chord_id)
    local chord = CHORD .. chord_id
    local left = tonumber(redis.call('HGET', chord, 'bodies'))
    if left and left > 1 then
      redis.call('HINCRBY', chord, 'bodies', -1)
      undo_by('HINCRBY', chord, 'bodies', 1)
    elseif left then
      consumed[#consumed + 1] = chord
    end
  end

  -- Stores links, unless there are none or they are stored already, and keeps those of the chain
  -- for `life` ms more; "0" removes them.
  local function keep_chain(chain_id, life, links)
    local chain = CHAIN .. chain_id
    if life == '0' then
      consumed[#consumed + 1] = chain
      return
    end
    for index = #consumed, 1, -1 do
      if consumed[index] == chain then
        -- By an outcome that was written before this one, in the same batch.
        table.remove(consumed, index)
      end
    end
    if #links > 0 and redis.call('LLEN', chain) == 0 then
      for first = 1, #links, TOGETHER do
        redis.call('RPUSH', chain, unpack(links, first, math.min(first + TOGETHER - 1, #links)))
        if first == 1 then
          undo_by('DEL', chain)
        end
      end
    end
    redis.call('PEXPIRE', chain, life)
  end

  made = {
    open_chord = open_chord,
    extend_chord = extend_chord,
    give_part = give_part,
    keep_chain = keep_chain,
    leave_chord = leave_chord,
    publish_body = publish_body,
  }
  return made
end

-- Writes the tables (wire.py) of chords that begin, of parts to make room for, and of chains whose
-- links are stored.
local function write_plans(tables)
  local function grouped(rows, id, values)
    local groups = {}
    for _, row in ipairs(rows or NOTHING) do
      local group = groups[row[id]] or {}
      groups[row[id]] = group
      group[#group + 1] = values and row[values] or row
    end
    return groups
  end
  if tables.chords then
    local bodies = grouped(tables.bodies, 'chord_id')
    for _, chord in ipairs(tables.chords) do
      canvas().open_chord(chord.chord_id, chord.size, bodies[chord.chord_id] or NOTHING)
    end
  end
  for _, extension in ipairs(tables.extensions or NOTHING) do
    canvas().extend_chord(extension.chord_id, extension.label)
  end
  if tables.chains then
    local links = grouped(tables.links, 'chain_id', 'link')
    for _, chain in ipairs(tables.chains) do
      canvas().keep_chain(chain.chain_id, chain.life, links[chain.chain_id] or NOTHING)
    end
  end
end
