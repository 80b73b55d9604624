-- Makes dead letters ready to run again, in the order of the keys, as if they had just been sent.
-- Their tasks leave the history: they have not ended. Returns the keys of those that were there,
-- and the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.retry_dead_letters(
    p_now bigint, p_keys text[], OUT sent text[], OUT grown text[]
) LANGUAGE plpgsql AS $$
DECLARE
    task_ids text[];
    queues text[];
    priorities bigint[];
    bodies bytea[];
BEGIN
    grown := '{}';
    -- Locked in order first: two that retry the same ones do not wait for each other in a circle.
    PERFORM FROM taskhub.dead_letters WHERE key = ANY (p_keys) ORDER BY key FOR UPDATE;
    WITH wanted AS (
        SELECT key, min(place) AS place
        FROM unnest(p_keys) WITH ORDINALITY AS given (key, place)
        GROUP BY key
    ), gone AS (
        DELETE FROM taskhub.dead_letters AS letter USING wanted
        WHERE letter.key = wanted.key
        RETURNING wanted.place, letter.key, letter.queue, letter.priority, letter.body
    )
    SELECT
        coalesce(array_agg(key ORDER BY place), '{}'),
        array_agg(split_part(key, E'\n', 1) ORDER BY place),
        array_agg(queue ORDER BY place),
        array_agg(priority::bigint ORDER BY place),
        array_agg(body ORDER BY place)
    INTO sent, task_ids, queues, priorities, bodies
    FROM gone;
    IF cardinality(sent) > 0 THEN
        PERFORM taskhub.remove_history(task_ids);
        grown := taskhub.publish(
            taskhub.clock(p_now), task_ids, queues, priorities, bodies, '{}', '{}'
        );
    END IF;
END
$$;
