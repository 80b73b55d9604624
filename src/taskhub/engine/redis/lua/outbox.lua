-- Prepended to the scripts about outboxes, after `writing.lua`.
--
-- ARGV[2]  the id of an outbox.
--
-- `{ns}:outbox:<id>`  hash: which relay leads (holder), the number of its leadership, until when
--                     (ms); how many batches it has handed over (batch), and the ids of the rows
--                     of the last one, separated by spaces (taken).

local OUTBOX = ns .. ':outbox:' .. ARGV[2]

-- Remembers the rows of a batch: ARGV[3] is the number of its leadership, ARGV[4] its own among those
-- of this leadership, ARGV[5] the rows. Returns why the batch is not to be stored: "known" when it
-- was stored already, "fenced" when another leadership has begun; else nil.
local function begin_batch()
  local found = redis.call('HMGET', OUTBOX, 'number', 'batch')
  if found[1] ~= ARGV[3] then
    return 'fenced'
  end
  if tonumber(found[2]) >= tonumber(ARGV[4]) then
    return 'known'
  end
  write('HSET', OUTBOX, 'batch', ARGV[4])
  write('HSET', OUTBOX, 'taken', ARGV[5])
  return nil
end
