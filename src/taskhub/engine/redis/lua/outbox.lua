-- Prepended to the scripts about outboxes, after `writing.lua`.
--
-- ARGV[2]  the id of an outbox.
--
-- `{ns}:outbox:<id>`  hash: which relay leads (holder), the number of its leadership, until when
--                     (ms); how many batches it has handed over (batch), and the ids of the rows
--                     of the last one, separated by spaces (taken).

local OUTBOX = ns .. ':outbox:' .. ARGV[2]
