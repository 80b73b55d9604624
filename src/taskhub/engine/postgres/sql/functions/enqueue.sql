-- Stores messages for a producer.
--
-- p_producer, p_number  which of its calls this is; NULL: it would not ask again if the reply were
--     lost. A producer makes one call at a time, so its last number shows which were served.
-- Raises TH002, and does nothing, when this very call was served already.
CREATE OR REPLACE FUNCTION taskhub.enqueue(
    p_now bigint,
    p_producer text,
    p_number bigint,
    p_task_ids text[],
    p_queues text[],
    p_priorities bigint[],
    p_bodies bytea[],
    p_delays bigint[],
    p_etas bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    PERFORM taskhub.serve_once(present, p_producer, p_number);
    PERFORM taskhub.publish(
        present, p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas
    );
END
$$;
