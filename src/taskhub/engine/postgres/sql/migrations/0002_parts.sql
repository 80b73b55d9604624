-- Rate limits, periodic jobs, the control bus, locks, the audit log, what is kept of tasks that
-- have ended, statistics and events.
--
-- All times are milliseconds since the epoch where no name says otherwise.

-- Rate limits.

-- The bucket of tokens of each limited task (engine/port/rate_limiter.py).
CREATE TABLE taskhub.buckets (
    task text COLLATE "C" PRIMARY KEY,
    -- Microseconds from one token to the next; 0: no limit.
    token_interval bigint NOT NULL DEFAULT 0,
    burst bigint NOT NULL DEFAULT 1,
    -- When it is full again, microseconds since the epoch. Every token taken adds an interval.
    full_at bigint NOT NULL DEFAULT 0,
    -- When the next of its messages that wait gets a permit; NULL: none waits.
    next_permit bigint
) WITH (fillfactor = 50);
CREATE INDEX ON taskhub.buckets (next_permit) WHERE next_permit IS NOT NULL;

-- Messages that wait for a permit, at the positions that they had in their queues.
CREATE TABLE taskhub.limited (
    task text COLLATE "C" NOT NULL,
    rank smallint NOT NULL,
    sequence bigint NOT NULL,
    key text COLLATE "C" NOT NULL UNIQUE,
    queue text COLLATE "C" NOT NULL,
    PRIMARY KEY (task, rank, sequence, key)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON taskhub.limited (queue);

-- What people have said about rate limits while workers ran.
CREATE TABLE taskhub.stored_limits (
    task text COLLATE "C" PRIMARY KEY,
    rate_limit text NOT NULL
);

-- Periodic jobs, of one app each.

-- The leadership of the schedulers, and the version of the stored entries. Who changes anything of
-- an app's jobs locks its row.
CREATE TABLE taskhub.schedules (
    app text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL DEFAULT '',
    -- Grows with every new leadership.
    token bigint NOT NULL DEFAULT 0,
    until bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE taskhub.schedule_entries (
    app text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    document bytea NOT NULL,
    PRIMARY KEY (app, entry)
);

-- The last run of each entry, and counts of those before.
CREATE TABLE taskhub.last_runs (
    app text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    -- The last fire time that was dealt with.
    fire bigint NOT NULL,
    task_id text COLLATE "C" NOT NULL DEFAULT '',
    at bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (app, entry)
) WITH (fillfactor = 50);

-- Fire times that are queued behind a run, with their messages.
CREATE TABLE taskhub.queued_fires (
    app text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    task_id text COLLATE "C" NOT NULL,
    task_ids text[] NOT NULL,
    queues text[] NOT NULL,
    priorities bigint[] NOT NULL,
    bodies bytea[] NOT NULL,
    delays bigint[] NOT NULL,
    etas bigint[] NOT NULL,
    PRIMARY KEY (app, entry, number)
);

-- The latest runs of each entry.
CREATE TABLE taskhub.periodic_runs (
    app text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    -- NULL: out of turn.
    fire bigint,
    result text NOT NULL,
    at bigint NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    -- The outcome; NULL: it is not known.
    state text,
    started_at bigint,
    took double precision,
    error text,
    PRIMARY KEY (app, entry, number)
);

-- The control bus. Who publishes a message holds a lock until it is committed: numbers grow in the
-- order in which messages can be seen.
CREATE TABLE taskhub.control_messages (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    message text NOT NULL
);

CREATE UNLOGGED TABLE taskhub.replies (
    reply_to text COLLATE "C" NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    reply text NOT NULL,
    expires bigint NOT NULL,
    PRIMARY KEY (reply_to, number)
);
CREATE INDEX ON taskhub.replies (expires);

-- Names of what only one of several is to do.
CREATE TABLE taskhub.claimed_names (
    name text COLLATE "C" PRIMARY KEY,
    expires bigint NOT NULL
);
CREATE INDEX ON taskhub.claimed_names (expires);

-- Locks held by tasks, for as long as these are stored.
CREATE TABLE taskhub.locks (
    name text COLLATE "C" PRIMARY KEY,
    task_id text COLLATE "C" NOT NULL,
    -- When it was acquired.
    at bigint NOT NULL
) WITH (fillfactor = 50);

-- Numbers have no gaps: who appends holds a lock.
CREATE TABLE taskhub.audit_log (
    number bigint PRIMARY KEY,
    at bigint NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    target text NOT NULL,
    affected bigint,
    details text NOT NULL
);

-- Tasks that have ended, the last one of each id.
CREATE TABLE taskhub.history (
    task_id text COLLATE "C" PRIMARY KEY,
    task text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    ended_at bigint NOT NULL,
    record text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON taskhub.history (ended_at, task_id);
-- Few of all: found among a million that have succeeded.
CREATE INDEX ON taskhub.history (ended_at, task_id) WHERE state <> 'SUCCESS';

-- Messages of failed tasks, under their task ids.
CREATE TABLE taskhub.failed_messages (
    key text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    queue text COLLATE "C" NOT NULL,
    priority smallint NOT NULL,
    body bytea NOT NULL,
    -- How much it takes of what all may take: the reason, a line break, the record.
    bytes bigint NOT NULL,
    -- How much the one took in whose place it was put; 0: it is in nobody's place.
    bytes_before bigint NOT NULL DEFAULT 0,
    expires bigint NOT NULL
);
CREATE INDEX ON taskhub.failed_messages (expires, key);

-- How many rows and bytes `history` and `failed_messages` hold: the sums over all stripes. Each
-- connection adds to a stripe of its own, so that no commit waits for another one.
CREATE TABLE taskhub.sizes (
    kind text COLLATE "C" NOT NULL,
    -- The number of the server's process; 0: what others have left.
    stripe integer NOT NULL,
    entries bigint NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (kind, stripe)
) WITH (fillfactor = 50, autovacuum_vacuum_cost_delay = 0);

-- Counts by the minute (statistics/tally.py), in stripes like `sizes`.
CREATE TABLE taskhub.counts (
    minute bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    stripe integer NOT NULL,
    times bigint NOT NULL,
    expires bigint NOT NULL,
    PRIMARY KEY (minute, field, stripe)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON taskhub.counts (minute) WHERE stripe <> 0;

-- What tasks failed with by the minute (statistics/failures.py), in stripes, too.
CREATE TABLE taskhub.failures (
    minute bigint NOT NULL,
    field text COLLATE "C" NOT NULL,
    stripe integer NOT NULL,
    times bigint NOT NULL,
    -- Of the last one: message and task id, each on a line.
    example text NOT NULL,
    at bigint NOT NULL,
    expires bigint NOT NULL,
    PRIMARY KEY (minute, field, stripe)
) WITH (fillfactor = 50);
CREATE INDEX ON taskhub.failures (minute) WHERE stripe <> 0;

-- The stream of events. Numbers grow as in `control_messages`.
CREATE TABLE taskhub.events (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0);
