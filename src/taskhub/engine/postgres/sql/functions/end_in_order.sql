-- Ends messages and publishes what follows one outcome after the other, and makes dead letters: for
-- commit.sql, where the order decides which keys messages get. Returns the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.end_in_order(
    p_now bigint,
    p_committed bigint[],
    p_keys text[],
    p_dead text[],
    p_dead_ttl bigint,
    p_message_of bigint[],
    p_task_ids text[],
    p_queues text[],
    p_priorities bigint[],
    p_bodies bytea[],
    p_delays bigint[],
    p_etas bigint[]
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    outcome record;
    gone taskhub.messages;
    grown text[] := '{}';
    more text[];
BEGIN
    FOR outcome IN
        SELECT number, key, dead
        FROM unnest(p_keys, p_dead) WITH ORDINALITY AS o (key, dead, number)
        WHERE number = ANY (p_committed) ORDER BY number
    LOOP
        DELETE FROM taskhub.messages WHERE key = outcome.key RETURNING * INTO gone;
        IF outcome.dead IS NOT NULL AND FOUND THEN
            PERFORM taskhub.add_dead_letter(gone, outcome.dead, p_now + p_dead_ttl);
        END IF;
        SELECT taskhub.publish(
            p_now,
            array_agg(task_id ORDER BY place),
            array_agg(queue ORDER BY place),
            array_agg(priority ORDER BY place),
            array_agg(body ORDER BY place),
            array_agg(delay ORDER BY place),
            array_agg(eta ORDER BY place)
        )
        INTO more
        FROM unnest(p_message_of, p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas)
            WITH ORDINALITY AS m (number, task_id, queue, priority, body, delay, eta, place)
        WHERE number = outcome.number
        HAVING count(*) > 0;
        grown := grown || coalesce(more, '{}');
    END LOOP;
    RETURN grown;
END
$$;
