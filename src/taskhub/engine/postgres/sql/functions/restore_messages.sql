-- Stores messages as they were in another store, at their positions there, or those of a caller's
-- transaction. Their queues are made known by others, at the end: to do it here would make
-- everybody wait who uses a new queue.
--
-- p_dues       when they are due; NULL: they are ready.
-- p_sequences, p_deliveries, p_marks  of each, or NULL: they are new.
-- p_returned   whether messages of later positions may have been claimed already.
CREATE OR REPLACE FUNCTION taskhub.restore_messages(
    p_now bigint,
    p_task_ids text[],
    p_queues text[],
    p_priorities bigint[],
    p_bodies bytea[],
    p_dues bigint[],
    p_sequences bigint[],
    p_deliveries bigint[],
    p_marks text[],
    p_returned boolean
) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    message record;
    stored_key text;
    place bigint;
BEGIN
    FOR message IN
        SELECT m.*
        FROM unnest(
            p_task_ids, p_queues, p_priorities, p_bodies, p_dues, p_sequences, p_deliveries, p_marks
        ) AS m (task_id, queue, priority, body, due, sequence, deliveries, mark)
    LOOP
        place := NULL;
        IF message.due IS NULL THEN
            place := message.sequence;
            IF place IS NULL THEN
                PERFORM taskhub.advance_positions(p_now);
                place := nextval('taskhub.positions');
            END IF;
        END IF;
        stored_key := message.task_id;
        LOOP
            INSERT INTO taskhub.messages
                (key, queue, priority, sequence, due, deliveries, mark, body)
            VALUES (
                stored_key, message.queue, message.priority, place, message.due,
                coalesce(message.deliveries, 0), coalesce(message.mark, ''), message.body
            )
            ON CONFLICT DO NOTHING;
            EXIT WHEN FOUND;
            stored_key := message.task_id || E'\n' || nextval('taskhub.positions');
        END LOOP;
        IF message.due IS NULL THEN
            INSERT INTO taskhub.ready (queue, rank, sequence, key, losses, returned)
            VALUES (
                message.queue, 9 - message.priority, place, stored_key,
                CASE WHEN message.mark = '' THEN coalesce(message.deliveries, 0) ELSE 0 END, p_returned
            );
        ELSE
            INSERT INTO taskhub.delayed (due, queue, priority, key)
            VALUES (message.due, message.queue, message.priority, stored_key);
        END IF;
    END LOOP;
END
$$;
