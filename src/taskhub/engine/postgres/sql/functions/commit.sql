-- Commits outcomes: for each, in one step, its result document, the messages that follow from it,
-- the chords that begin, the parts it gives to chords, its dead letter, and the end of its claim.
-- Does nothing for an outcome whose claim no longer stands. Outcomes are known by their number,
-- from 1; what belongs to one of them has that before it (p_*_of).
--
-- p_keys, p_tokens  the claims; no two are the same.
-- p_task_ids, p_documents, p_ttls  results; a document is NULL where none is stored, a ttl where it
--     is kept forever.
-- p_dead .. p_history_records  NULL where there is none; all of them may be empty.
-- p_in_order  whether there are dead letters, or a message that follows has the key of one that ends
--     with a later outcome: which keys they get depends on the order.
-- p_message_* messages that follow; p_other_* documents of other tasks; p_chord_* chords that begin
--     and p_body_* messages of their bodies; p_extended_* room for one more part; p_part_* parts;
--     p_left_* chords whose results are needed no longer; p_chain_*, p_link_* see keep_chains.sql.
-- Returns  the numbers of those that were committed; the queues that got messages; the ids of tasks
--     whose results were stored.
-- Keeps    fenced: a delivery is completed once; and all of its consequences are written, or none.
CREATE OR REPLACE FUNCTION taskhub.commit(
    p_now bigint,
    p_worker text,
    p_keys text[],
    p_tokens text[],
    p_task_ids text[],
    p_documents text[],
    p_ttls bigint[],
    p_dead text[],
    p_dead_ttl bigint,
    p_failed text[],
    p_failed_limit bigint,
    p_failed_max_bytes bigint,
    p_tallies text[],
    p_statistics_ttl bigint,
    p_history_tasks text[],
    p_history_states text[],
    p_history_records text[],
    p_history_limit bigint,
    p_event_of bigint[],
    p_events text[],
    p_events_kept bigint,
    p_in_order boolean,
    p_message_of bigint[],
    p_message_task_ids text[],
    p_message_queues text[],
    p_message_priorities bigint[],
    p_message_bodies bytea[],
    p_message_delays bigint[],
    p_message_etas bigint[],
    p_other_of bigint[],
    p_other_task_ids text[],
    p_other_documents text[],
    p_chord_of bigint[],
    p_chords text[],
    p_chord_sizes bigint[],
    p_body_chords text[],
    p_body_task_ids text[],
    p_body_queues text[],
    p_body_priorities bigint[],
    p_body_bodies bytea[],
    p_body_delays bigint[],
    p_body_etas bigint[],
    p_extended_of bigint[],
    p_extended text[],
    p_extended_labels text[],
    p_part_of bigint[],
    p_part_chords text[],
    p_part_places text[],
    p_parts text[],
    p_left_of bigint[],
    p_left text[],
    p_chain_of bigint[],
    p_chains text[],
    p_lives bigint[],
    p_link_of bigint[],
    p_link_chains text[],
    p_links text[],
    OUT committed bigint[],
    OUT grown text[],
    OUT stored text[]
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    is_all boolean;
    ended text[];
BEGIN
    grown := '{}';
    stored := '{}';
    -- Who reclaims what this worker holds waits for this transaction, or this one for them.
    PERFORM pg_advisory_xact_lock_shared(1952999275, hashtext('taskhub.worker ' || p_worker));
    WITH gone AS (
        DELETE FROM taskhub.claims AS c
        USING unnest(p_keys, p_tokens) WITH ORDINALITY AS g (key, token, number)
        WHERE c.worker = p_worker AND c.key = g.key AND c.token = g.token
        RETURNING g.number, g.key
    )
    SELECT
        coalesce(array_agg(number ORDER BY number), '{}'),
        coalesce(array_agg(key ORDER BY number), '{}')
    INTO committed, ended FROM gone;
    IF cardinality(committed) = 0 THEN
        RETURN;
    END IF;
    is_all := cardinality(committed) = cardinality(p_keys);

    IF cardinality(p_failed) > 0 THEN
        PERFORM taskhub.keep_failures(
            present, committed, p_keys, p_task_ids, p_dead, p_failed, p_dead_ttl, p_failed_limit,
            p_failed_max_bytes
        );
    END IF;
    PERFORM taskhub.begin_chords(present, chord, sizes, p_body_chords, p_body_task_ids,
        p_body_queues, p_body_priorities, p_body_bodies, p_body_delays, p_body_etas)
    FROM (
        SELECT coalesce(array_agg(id), '{}') AS chord, coalesce(array_agg(size), '{}') AS sizes
        FROM unnest(p_chord_of, p_chords, p_chord_sizes) AS c (number, id, size)
        WHERE number = ANY (committed)
    ) AS begun
    WHERE cardinality(p_chords) > 0;
    IF cardinality(p_extended) > 0 THEN
        PERFORM taskhub.extend_chords(
            committed, p_extended_of, p_extended, p_extended_labels
        );
    END IF;

    -- The messages that have ended, and those that follow.
    IF p_in_order THEN
        grown := taskhub.end_in_order(
            present, committed, p_keys, p_dead, p_dead_ttl, p_message_of, p_message_task_ids,
            p_message_queues, p_message_priorities, p_message_bodies, p_message_delays,
            p_message_etas
        );
    ELSE
        DELETE FROM taskhub.messages WHERE key = ANY (ended);
        IF cardinality(p_message_of) > 0 AND is_all THEN
            grown := taskhub.publish(
                present, p_message_task_ids, p_message_queues, p_message_priorities,
                p_message_bodies, p_message_delays, p_message_etas
            );
        ELSIF cardinality(p_message_of) > 0 THEN
            SELECT taskhub.publish(
                present,
                array_agg(task_id ORDER BY place),
                array_agg(queue ORDER BY place),
                array_agg(priority ORDER BY place),
                array_agg(body ORDER BY place),
                array_agg(delay ORDER BY place),
                array_agg(eta ORDER BY place)
            )
            INTO grown
            FROM unnest(
                p_message_of, p_message_task_ids, p_message_queues, p_message_priorities,
                p_message_bodies, p_message_delays, p_message_etas
            ) WITH ORDINALITY AS m (number, task_id, queue, priority, body, delay, eta, place)
            WHERE number = ANY (committed)
            HAVING count(*) > 0;
            grown := coalesce(grown, '{}');
        END IF;
    END IF;

    IF cardinality(p_parts) > 0 THEN
        grown := grown || taskhub.give_parts(
            present, committed, p_part_of, p_part_chords, p_part_places, p_parts
        );
    END IF;
    IF cardinality(p_left) > 0 THEN
        PERFORM taskhub.leave_chords(committed, p_left_of, p_left);
    END IF;
    IF cardinality(p_chains) > 0 THEN
        PERFORM taskhub.keep_chains(
            present,
            ARRAY(
                SELECT chain FROM unnest(p_chain_of, p_chains) WITH ORDINALITY AS c (o, chain, n)
                WHERE o = ANY (committed) ORDER BY n
            ),
            ARRAY(
                SELECT life FROM unnest(p_chain_of, p_lives) WITH ORDINALITY AS c (o, life, n)
                WHERE o = ANY (committed) ORDER BY n
            ),
            ARRAY(
                SELECT chain FROM unnest(p_link_of, p_link_chains)
                    WITH ORDINALITY AS l (o, chain, n)
                WHERE o = ANY (committed) ORDER BY n
            ),
            ARRAY(
                SELECT o FROM unnest(p_link_of) WITH ORDINALITY AS l (o, n)
                WHERE o = ANY (committed) ORDER BY n
            ),
            ARRAY(
                SELECT link FROM unnest(p_link_of, p_links) WITH ORDINALITY AS l (o, link, n)
                WHERE o = ANY (committed) ORDER BY n
            )
        );
    END IF;

    -- Results, the last one of each task, in the order of their ids: two that store the same ones
    -- do not wait for each other in a circle.
    WITH given AS (
        SELECT number, 0 AS place, task_id, document, ttl
        FROM unnest(p_task_ids, p_documents, p_ttls)
            WITH ORDINALITY AS d (task_id, document, ttl, number)
        WHERE document IS NOT NULL
        UNION ALL
        SELECT number, place, task_id, document, p_ttls[number]
        FROM unnest(p_other_of, p_other_task_ids, p_other_documents)
            WITH ORDINALITY AS o (number, task_id, document, place)
    ), last AS (
        SELECT DISTINCT ON (task_id) task_id, document, ttl
        FROM given WHERE is_all OR number = ANY (committed)
        ORDER BY task_id, number DESC, place DESC
    ), written AS (
        INSERT INTO taskhub.result_documents (task_id, document, expires)
        SELECT task_id, document, present + ttl FROM last
        ON CONFLICT (task_id) DO UPDATE
        SET document = EXCLUDED.document, expires = EXCLUDED.expires
        RETURNING task_id
    )
    SELECT coalesce(array_agg(task_id), '{}') INTO stored FROM written;

    IF cardinality(p_tallies) > 0 THEN
        PERFORM taskhub.record_statistics(
            present,
            ARRAY(
                SELECT tally FROM unnest(p_tallies) WITH ORDINALITY AS t (tally, number)
                WHERE tally <> '' AND (is_all OR number = ANY (committed)) ORDER BY number
            ),
            p_statistics_ttl
        );
    END IF;
    IF cardinality(p_history_tasks) > 0 THEN
        PERFORM taskhub.record_history(
            present, array_agg(task_id ORDER BY number), array_agg(task ORDER BY number),
            array_agg(state ORDER BY number), array_agg(record ORDER BY number), p_history_limit
        )
        FROM unnest(p_task_ids, p_history_tasks, p_history_states, p_history_records)
            WITH ORDINALITY AS h (task_id, task, state, record, number)
        WHERE record IS NOT NULL AND (is_all OR number = ANY (committed))
        HAVING count(*) > 0;
    END IF;
    IF cardinality(p_events) > 0 THEN
        PERFORM taskhub.record_events(
            present,
            ARRAY(
                SELECT event FROM unnest(p_event_of, p_events) WITH ORDINALITY AS e (o, event, n)
                WHERE o = ANY (committed) ORDER BY n
            ),
            p_events_kept
        );
    END IF;
END
$$;
