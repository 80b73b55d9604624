-- Makes ready what is due, or gets a permit, then gives a worker up to p_limit messages: highest
-- priority first, then oldest, over all the queues it serves.
--
-- p_limit     0 asks only to pass notifications on.
-- p_lease     of how many ms a worker gets a lease with its claims if it has none.
-- p_suspects  which suspects (engine/suspects.py) it gets: 'all'; 'one' and nothing beside it;
--     'none'. Suspects were lost at least p_lost_least times, and less than p_lost_below.
-- p_alone     whether nothing is committed in the same transaction: it need not be on the disk when
--     the reply is sent. Should the server crash, the messages are ready again.
-- p_floor*    where to look first (take_from_floors.sql); empty: at all.
-- Returns  now; when the next delayed or rate-limited message is due; whether suspects were left;
--     topics to announce; then what was claimed, in order: keys, tokens, queues, priorities, bodies;
--     and the keys of those whose tasks are revoked.
-- Keeps    a message is claimed by at most one worker; its token names this delivery of it. A worker
--     that holds claims has a lease, so that they are found when it dies.
CREATE OR REPLACE FUNCTION taskhub.claim(
    p_now bigint,
    p_worker text,
    p_queues text[],
    p_limit bigint,
    p_lease bigint,
    p_suspects text,
    p_lost_least bigint,
    p_lost_below bigint,
    p_alone boolean,
    p_floor_queues text[],
    p_floor_ranks bigint[],
    p_floors bigint[],
    OUT present bigint,
    OUT soonest bigint,
    OUT suspects_left boolean,
    OUT grown text[],
    OUT keys text[],
    OUT tokens text[],
    OUT queues text[],
    OUT priorities bigint[],
    OUT bodies bytea[],
    OUT revoked text[]
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    open_queues text[] := p_queues;
    any_paused boolean := EXISTS (SELECT FROM taskhub.paused_queues);
    permits record;
    taken tid[];
    is_known boolean := EXISTS (SELECT FROM taskhub.workers WHERE worker = p_worker);
    takes_suspect boolean := false;
BEGIN
    present := taskhub.clock(p_now);
    suspects_left := false;
    grown := '{}';
    keys := '{}';
    IF p_alone THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    IF EXISTS (SELECT FROM taskhub.delayed WHERE due <= present) THEN
        grown := taskhub.promote(present);
    END IF;
    SELECT * INTO permits FROM taskhub.grant_due_permits(present);
    grown := grown || permits.grown;
    IF any_paused THEN
        open_queues := ARRAY(
            SELECT name FROM unnest(p_queues) AS name
            WHERE NOT EXISTS (SELECT FROM taskhub.paused_queues AS p WHERE p.queue = name)
        );
    END IF;
    -- Whether there is anything is found out by taking it, but for a worker without a lease.
    IF p_limit > 0 AND (is_known OR taskhub.any_ready(open_queues)) THEN
        -- Who reclaims what this worker holds waits for this transaction, or this one for them.
        PERFORM pg_advisory_xact_lock_shared(1952999275, hashtext('taskhub.worker ' || p_worker));
        -- Once more: it may have been reclaimed before the lock was there.
        INSERT INTO taskhub.workers VALUES (p_worker, present + p_lease) ON CONFLICT DO NOTHING;
        IF p_suspects <> 'all' AND EXISTS (SELECT FROM taskhub.ready WHERE losses > 0) THEN
            SELECT t.taken, t.takes_suspect, t.suspects_left
            INTO taken, takes_suspect, suspects_left
            FROM taskhub.take_apart(
                open_queues, p_limit, p_suspects, p_lost_least, p_lost_below
            ) AS t;
        ELSE
            IF cardinality(p_floors) > 0 AND NOT any_paused THEN
                taken := taskhub.take_from_floors(p_floor_queues, p_floor_ranks, p_floors, p_limit);
            END IF;
            IF taken IS NULL AND cardinality(open_queues) = 1 THEN
                taken := ARRAY(
                    SELECT ctid FROM taskhub.ready WHERE queue = open_queues[1]
                    ORDER BY rank, sequence, key LIMIT p_limit FOR UPDATE SKIP LOCKED
                );
            ELSIF taken IS NULL THEN
                taken := taskhub.take_foremost(open_queues, p_limit);
            END IF;
        END IF;
    END IF;
    IF cardinality(taken) > 0 THEN
        WITH gone AS (
            DELETE FROM taskhub.ready WHERE ctid = ANY (taken)
            RETURNING ready.rank, ready.sequence, ready.key
        ), held AS MATERIALIZED (
            SELECT
                g.rank, g.sequence, m.key, m.deliveries + 1 || m.mark || ':' || g.sequence AS token,
                m.queue, m.priority, m.body
            FROM gone AS g JOIN taskhub.messages AS m ON m.key = g.key
        ), noted AS (
            INSERT INTO taskhub.claims SELECT h.key, p_worker, h.token FROM held AS h
        )
        SELECT
            array_agg(h.key ORDER BY rank, sequence, h.key),
            array_agg(h.token ORDER BY rank, sequence, h.key),
            array_agg(h.queue ORDER BY rank, sequence, h.key),
            array_agg(h.priority::bigint ORDER BY rank, sequence, h.key),
            array_agg(h.body ORDER BY rank, sequence, h.key)
        INTO keys, tokens, queues, priorities, bodies
        FROM held AS h;
        keys := coalesce(keys, '{}');
        IF EXISTS (SELECT FROM taskhub.revoked) THEN
            revoked := ARRAY(
                SELECT key FROM unnest(keys) AS key
                JOIN taskhub.revoked AS r ON r.task_id = split_part(key, E'\n', 1)
                WHERE r.until > present
            );
        END IF;
    END IF;

    SELECT due INTO soonest FROM taskhub.delayed ORDER BY due LIMIT 1;
    soonest := least(soonest, permits.next_permit);
    IF any_paused THEN
        grown := ARRAY(
            SELECT DISTINCT name FROM unnest(grown) AS name
            WHERE NOT EXISTS (SELECT FROM taskhub.paused_queues AS p WHERE p.queue = name)
        );
    END IF;
    IF cardinality(grown) > 0 THEN
        grown := ARRAY(SELECT DISTINCT name FROM unnest(grown) AS name
                       WHERE taskhub.any_ready(ARRAY[name]));
    END IF;
    -- A worker that took its fill, or a suspect, leaves the rest to others: it notifies the next of
    -- what is ready or soon due. A notification that waits already is one.
    IF cardinality(keys) >= p_limit OR takes_suspect OR (suspects_left AND cardinality(keys) > 0)
    THEN
        grown := grown || ARRAY(
            SELECT name FROM unnest(open_queues) AS name
            WHERE NOT EXISTS (SELECT FROM taskhub.notifications AS n WHERE n.topic = name)
                AND (soonest - present < 2000 OR taskhub.any_ready(ARRAY[name]))
        );
    END IF;
END
$$;
