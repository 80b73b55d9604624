-- Messages and where each of them is, workers, results, chords and chains.
--
-- A message is in `messages` until its task has ended, and in exactly one of: `ready`, `delayed`,
-- `claims`, `limited` (0002: it waits for a permit of the rate limiter). Those are narrow, and live
-- from inserts and deletes only; what is large is written once.
--
-- All times are milliseconds since the epoch. Texts that are compared are so byte by byte.

-- Where the sequences of positions come from (engine/positions.py): see next_sequence.sql.
CREATE SEQUENCE taskhub.positions;

CREATE TABLE taskhub.messages (
    -- The task id, or that, a line break and a number when several with one task id are stored; so
    -- the task id is split_part(key, E'\n', 1).
    key text COLLATE "C" PRIMARY KEY,
    queue text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    -- Where it is ready: (queue, 9 - priority, sequence, key); 0: it was withdrawn while delayed.
    -- NULL: it has never been ready.
    sequence bigint,
    -- Where it is delayed: (due, queue, priority, key). NULL: it is not.
    due bigint,
    -- How many deliveries ended without an outcome.
    deliveries integer NOT NULL DEFAULT 0,
    -- Why it is not run again: 'a' acknowledged early, 't' timed out, '' it is.
    mark text NOT NULL DEFAULT '',
    body bytea NOT NULL
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE taskhub.ready (
    queue text COLLATE "C" NOT NULL,
    -- 9 - priority: what is first comes first.
    rank smallint NOT NULL,
    sequence bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    -- How often it was lost with its worker (engine/suspects.py); 0 also if it has a mark.
    losses integer NOT NULL DEFAULT 0,
    -- Whether it has been ready before, so that later ones may have been claimed already: see
    -- take_from_floors.sql.
    returned boolean NOT NULL DEFAULT true,
    PRIMARY KEY (queue, rank, sequence, key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ready_returned ON taskhub.ready (queue) WHERE returned;
CREATE INDEX ready_lost ON taskhub.ready (losses) WHERE losses > 0;

CREATE TABLE taskhub.delayed (
    due bigint NOT NULL,
    queue text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (due, queue, priority, key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Few rows at a time, so that all of a worker are found without an index of their own; one on the
-- worker would fill with entries of claims that have ended, and each look would read them all.
CREATE TABLE taskhub.claims (
    key text COLLATE "C" PRIMARY KEY,
    worker text COLLATE "C" NOT NULL,
    -- Delivery, mark and sequence: names this delivery of the message.
    token text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- Names of queues that were ever used and not forgotten.
CREATE TABLE taskhub.queues (queue text COLLATE "C" PRIMARY KEY);

CREATE TABLE taskhub.paused_queues (
    queue text COLLATE "C" PRIMARY KEY,
    since bigint NOT NULL,
    paused_by text NOT NULL,
    reason text NOT NULL
);

CREATE TABLE taskhub.workers (
    worker text COLLATE "C" PRIMARY KEY,
    -- When its lease runs out.
    until bigint NOT NULL,
    -- What it says of itself; NULL: nothing.
    info text
) WITH (fillfactor = 50);

-- Which calls of producers have been served: see enqueue.sql.
CREATE TABLE taskhub.producers (
    producer text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE taskhub.revoked (
    task_id text COLLATE "C" PRIMARY KEY,
    until bigint NOT NULL
);
CREATE INDEX ON taskhub.revoked (until);

CREATE TABLE taskhub.revoked_stamps (
    header text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (header, value)
);

CREATE TABLE taskhub.dead_letters (
    -- That of its message, or that, a line break and a number; its task id is the first line.
    key text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    queue text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    body bytea NOT NULL,
    expires bigint NOT NULL
);
CREATE INDEX ON taskhub.dead_letters (expires, key);

-- Result documents, as Celery writes them.
CREATE TABLE taskhub.result_documents (
    task_id text COLLATE "C" PRIMARY KEY,
    document text NOT NULL,
    expires bigint
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ON taskhub.result_documents (expires);

CREATE TABLE taskhub.group_documents (
    group_id text COLLATE "C" PRIMARY KEY,
    document text NOT NULL,
    expires bigint
);
CREATE INDEX ON taskhub.group_documents (expires);

CREATE TABLE taskhub.chords (
    chord_id text COLLATE "C" PRIMARY KEY,
    -- How many parts it has, those that were added (`extra`) included.
    size integer NOT NULL,
    extra integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    -- How many messages of the body have not used the parts yet.
    bodies integer NOT NULL,
    -- The part that ends it when the next page does not come.
    failure text,
    has_failed boolean NOT NULL DEFAULT false,
    -- Until when it waits for its next page; NULL: its size is known.
    open_until bigint,
    -- One that gets no part until then is forgotten: its header was purged.
    expires bigint NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON taskhub.chords (open_until) WHERE open_until IS NOT NULL;

CREATE TABLE taskhub.chord_bodies (
    chord_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    body bytea NOT NULL,
    delay bigint NOT NULL,
    eta bigint,
    PRIMARY KEY (chord_id, number)
);

CREATE TABLE taskhub.chord_parts (
    chord_id text COLLATE "C" NOT NULL,
    -- The index as text, or the label of an added part ("+...").
    place text COLLATE "C" NOT NULL,
    -- Where it stands among the added ones; NULL: it was not added (yet).
    added integer,
    -- NULL: it was added, and is not there yet.
    value text,
    PRIMARY KEY (chord_id, place)
);

CREATE TABLE taskhub.chain_links (
    chain_id text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    link text NOT NULL,
    PRIMARY KEY (chain_id, number)
);

-- Until when the links of a chain are kept.
CREATE TABLE taskhub.chains (
    chain_id text COLLATE "C" PRIMARY KEY,
    expires bigint NOT NULL
);
CREATE INDEX ON taskhub.chains (expires);

-- Notifications. What is in unlogged tables is gone after a crash of the server, as are the
-- connections of all who wait.

-- Topics of which a notification waits to be taken. A topic is a queue, or "\nschedule:...".
CREATE UNLOGGED TABLE taskhub.notifications (topic text COLLATE "C" PRIMARY KEY);

-- Who waits for the next notification of a topic: a process, by the number of its channel
-- (listener.py), and which of its notifiers.
CREATE UNLOGGED TABLE taskhub.waiters (
    topic text COLLATE "C" NOT NULL,
    process bigint NOT NULL,
    notifier integer NOT NULL,
    PRIMARY KEY (topic, process, notifier)
);

-- Which processes follow the result of a task.
CREATE UNLOGGED TABLE taskhub.followers (
    task_id text COLLATE "C" NOT NULL,
    process bigint NOT NULL,
    PRIMARY KEY (task_id, process)
);
