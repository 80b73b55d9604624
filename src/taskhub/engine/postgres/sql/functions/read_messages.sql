-- Returns the messages of a row of calls (transactions/row.py), in order.
CREATE OR REPLACE FUNCTION taskhub.read_messages(p_now bigint, p_messages json)
RETURNS TABLE (
    nth bigint, task_id text, queue text, priority bigint, body bytea, due bigint, chains json
)
LANGUAGE sql AS $$
    SELECT
        place, m ->> 0, m ->> 1, (m ->> 2)::bigint, convert_to(m ->> 3, 'UTF8'),
        coalesce((m ->> 5)::bigint, p_now + nullif((m ->> 4)::bigint, 0)), m -> 6
    FROM json_array_elements(p_messages) WITH ORDINALITY AS e (m, place)
$$;
