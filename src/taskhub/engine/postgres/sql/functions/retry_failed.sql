-- Makes messages of failed tasks ready to run again, in the order of the keys, as if they had just
-- been sent. Their tasks leave the history: they have not ended. Returns the keys of those that
-- were there, and the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.retry_failed(
    p_now bigint, p_keys text[], OUT sent text[], OUT grown text[]
) LANGUAGE plpgsql AS $$
DECLARE
    message_ids text[];
    queues text[];
    priorities bigint[];
    bodies bytea[];
BEGIN
    grown := '{}';
    -- Locked first: what is read is what is removed.
    PERFORM FROM taskhub.failed_messages WHERE key = ANY (p_keys) ORDER BY key FOR UPDATE;
    SELECT
        coalesce(array_agg(key ORDER BY place), '{}'),
        array_agg(task_id ORDER BY place),
        array_agg(queue ORDER BY place),
        array_agg(priority::bigint ORDER BY place),
        array_agg(body ORDER BY place)
    INTO sent, message_ids, queues, priorities, bodies
    FROM (
        SELECT key, min(place) AS place
        FROM unnest(p_keys) WITH ORDINALITY AS given (key, place)
        GROUP BY key
    ) AS wanted
    JOIN taskhub.failed_messages USING (key);
    IF cardinality(sent) = 0 THEN
        RETURN;
    END IF;
    PERFORM taskhub.remove_failed(sent);
    PERFORM taskhub.remove_history(sent);
    grown := taskhub.publish(
        taskhub.clock(p_now), message_ids, queues, priorities, bodies, '{}', '{}'
    );
END
$$;
