-- Stores messages, in order, and makes each ready or due. One whose task id is stored already gets
-- a key of its own, so that both run.
--
-- p_delays, p_etas  ms from now, ms since the epoch; empty, or NULL for each that has none.
-- Returns the queues, each once, sorted.
CREATE OR REPLACE FUNCTION taskhub.publish(
    p_now bigint,
    p_task_ids text[],
    p_queues text[],
    p_priorities bigint[],
    p_bodies bytea[],
    p_delays bigint[],
    p_etas bigint[]
) RETURNS text[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    message record;
    stored_key text;
    place bigint;
    grown text[];
BEGIN
    grown := ARRAY(SELECT DISTINCT name FROM unnest(p_queues) AS name ORDER BY name);
    IF cardinality(p_task_ids) > 1
        AND NOT EXISTS (SELECT FROM taskhub.messages WHERE key = ANY (p_task_ids))
        AND cardinality(p_task_ids) = (SELECT count(DISTINCT id) FROM unnest(p_task_ids) AS id)
    THEN
        PERFORM taskhub.advance_positions(p_now);
        WITH given AS MATERIALIZED (
            SELECT
                m.*,
                coalesce(eta, p_now + nullif(delay, 0)) AS due,
                CASE WHEN coalesce(eta, nullif(delay, 0)) IS NULL
                    THEN nextval('taskhub.positions') END AS sequence
            FROM unnest(p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas)
                AS m (key, queue, priority, body, delay, eta)
        ), stored AS (
            -- One that another transaction stores now is an error: the caller tries again.
            INSERT INTO taskhub.messages (key, queue, priority, sequence, due, body)
            SELECT key, queue, priority, sequence, due, body FROM given
        ), ready AS (
            INSERT INTO taskhub.ready (queue, rank, sequence, key, returned)
            SELECT queue, 9 - priority, sequence, key, false FROM given WHERE sequence IS NOT NULL
        )
        INSERT INTO taskhub.delayed (due, queue, priority, key)
        SELECT due, queue, priority, key FROM given WHERE due IS NOT NULL;
    ELSE
        FOR message IN
            SELECT m.*, coalesce(eta, p_now + nullif(delay, 0)) AS due
            FROM unnest(p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas)
                AS m (task_id, queue, priority, body, delay, eta)
        LOOP
            stored_key := message.task_id;
            IF EXISTS (SELECT FROM taskhub.messages WHERE key = stored_key) THEN
                stored_key := message.task_id || E'\n' || nextval('taskhub.positions');
            END IF;
            place := NULL;
            IF message.due IS NULL THEN
                PERFORM taskhub.advance_positions(p_now);
                place := nextval('taskhub.positions');
            END IF;
            LOOP
                INSERT INTO taskhub.messages (key, queue, priority, sequence, due, body)
                VALUES (
                    stored_key, message.queue, message.priority, place, message.due, message.body
                )
                ON CONFLICT DO NOTHING;
                EXIT WHEN FOUND;
                -- Another transaction has stored it in between.
                stored_key := message.task_id || E'\n' || nextval('taskhub.positions');
            END LOOP;
            IF message.due IS NULL THEN
                INSERT INTO taskhub.ready (queue, rank, sequence, key, returned)
                VALUES (message.queue, 9 - message.priority, place, stored_key, false);
            ELSE
                INSERT INTO taskhub.delayed (due, queue, priority, key)
                VALUES (message.due, message.queue, message.priority, stored_key);
            END IF;
        END LOOP;
    END IF;
    -- Behind the messages: a transaction that forgets a queue locks these first.
    INSERT INTO taskhub.queues SELECT unnest(grown) ON CONFLICT DO NOTHING;
    RETURN grown;
END
$$;
