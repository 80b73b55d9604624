-- Stores messages for a producer, as enqueue.sql, with the chords they belong to and the links of
-- chains they refer to.
--
-- p_page  the open chord of which the messages are a page; NULL: they are none. p_parts: how many
--     parts they give; p_wait: how long it waits for the next page, NULL: this is the last one;
--     p_failure: with the first page, the part that ends it when the next one does not come.
-- p_chords .. p_links  see begin_chords.sql, keep_chains.sql.
-- Returns the queues that got bodies of chords.
CREATE OR REPLACE FUNCTION taskhub.enqueue_canvas(
    p_now bigint,
    p_producer text,
    p_number bigint,
    p_task_ids text[],
    p_queues text[],
    p_priorities bigint[],
    p_bodies bytea[],
    p_delays bigint[],
    p_etas bigint[],
    p_page text,
    p_parts bigint,
    p_wait bigint,
    p_failure text,
    p_chords text[],
    p_sizes bigint[],
    p_body_chords text[],
    p_body_task_ids text[],
    p_body_queues text[],
    p_body_priorities bigint[],
    p_body_bodies bytea[],
    p_body_delays bigint[],
    p_body_etas bigint[],
    p_chains text[],
    p_lives bigint[],
    p_link_chains text[],
    p_link_plans bigint[],
    p_links text[]
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    grown text[] := '{}';
BEGIN
    PERFORM taskhub.serve_once(present, p_producer, p_number);
    PERFORM taskhub.begin_chords(
        present, p_chords, p_sizes, p_body_chords, p_body_task_ids, p_body_queues,
        p_body_priorities, p_body_bodies, p_body_delays, p_body_etas
    );
    IF p_page IS NOT NULL THEN
        grown := taskhub.add_page(present, p_page, p_parts, p_wait, p_failure);
    END IF;
    PERFORM taskhub.keep_chains(
        present, p_chains, p_lives, p_link_chains, p_link_plans, p_links
    );
    IF cardinality(p_task_ids) > 0 THEN
        PERFORM taskhub.publish(
            present, p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas
        );
    END IF;
    RETURN grown;
END
$$;
