-- What is known of outboxes, tables in callers' own databases (engine/port/outbox_store.py).
CREATE TABLE taskhub.outboxes (
    outbox text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL DEFAULT '',
    -- Grows with every new leadership.
    number bigint NOT NULL DEFAULT 0,
    until bigint NOT NULL DEFAULT 0,
    -- The last batch of this leadership, and the rows that were taken last.
    batch_number bigint NOT NULL DEFAULT 0,
    taken text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
