-- Stores the calls of a row that a caller writes in its own transaction, in place of the row
-- (transactions/row.py).
--
-- Runs as the owner of the schema, so that a caller needs no more than the right to insert rows.
-- Raises TH001 if a newer version has written the row.
CREATE OR REPLACE FUNCTION taskhub.enqueue_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    present bigint := taskhub.clock(NULL);
    -- As long as arguments.py keeps them.
    life bigint := 30::bigint * 24 * 60 * 60 * 1000;
    calls json := NEW.payload;
    chord record;
    chain record;
    all_messages record;
BEGIN
    IF calls ->> 'format' IS DISTINCT FROM '1' THEN
        RAISE EXCEPTION 'the call has the unknown format %: run `taskhub store upgrade` with the '
            'newest version of taskhub', calls ->> 'format' USING ERRCODE = 'TH001';
    END IF;
    FOR chord IN
        SELECT
            c ->> 0 AS id,
            (c ->> 1)::bigint AS size,
            array_agg(task_id ORDER BY nth) AS task_ids,
            array_agg(queue ORDER BY nth) AS queues,
            array_agg(priority ORDER BY nth) AS priorities,
            array_agg(body ORDER BY nth) AS bodies,
            array_agg(due ORDER BY nth) AS dues
        FROM json_array_elements(calls -> 'chords') AS c, taskhub.read_messages(present, c -> 2)
        GROUP BY 1, 2
    LOOP
        PERFORM taskhub.begin_chords(
            present, ARRAY[chord.id], ARRAY[chord.size],
            array_fill(chord.id, ARRAY[cardinality(chord.task_ids)]), chord.task_ids, chord.queues,
            chord.priorities, chord.bodies, '{}'::bigint[], chord.dues
        );
    END LOOP;
    SELECT
        coalesce(array_agg(m.task_id ORDER BY nth), '{}') AS task_ids,
        coalesce(array_agg(m.queue ORDER BY nth), '{}') AS queues,
        coalesce(array_agg(m.priority ORDER BY nth), '{}') AS priorities,
        coalesce(array_agg(m.body ORDER BY nth), '{}') AS bodies,
        coalesce(array_agg(m.due ORDER BY nth), '{}') AS dues,
        greatest(0, max(m.due) - present) AS longest
    INTO all_messages
    FROM taskhub.read_messages(present, calls -> 'messages') AS m;
    FOR chain IN
        SELECT id, coalesce(array_agg(link ORDER BY nth) FILTER (WHERE link IS NOT NULL), '{}') AS links
        FROM (
            SELECT c ->> 0 AS id, nth, link
            FROM json_array_elements(calls -> 'chains') AS c,
                json_array_elements_text(c -> 1) WITH ORDINALITY AS l (link, nth)
            UNION ALL
            SELECT chain_id, 0, NULL
            FROM taskhub.read_messages(present, calls -> 'messages'),
                json_array_elements_text(chains) AS chain_id
        ) AS mentioned
        GROUP BY id ORDER BY id
    LOOP
        PERFORM taskhub.keep_chains(
            present, ARRAY[chain.id], ARRAY[all_messages.longest + life],
            array_fill(chain.id, ARRAY[cardinality(chain.links)]),
            array_fill(0::bigint, ARRAY[cardinality(chain.links)]), chain.links
        );
    END LOOP;
    PERFORM taskhub.restore_messages(
        present, all_messages.task_ids, all_messages.queues, all_messages.priorities,
        all_messages.bodies, all_messages.dues, NULL, NULL, NULL, false
    );
    INSERT INTO taskhub.pending_announcements VALUES (
        all_messages.queues, ARRAY(SELECT json_array_elements_text(calls -> 'events'))
    );
    RETURN NULL;
END
$$;
