-- Reads entries of the history by task id, in the order of the ids; a row of NULL where there is
-- none.
--
-- $1 the present, $2 for how long tasks are kept (ms), $3 the ids.
SELECT task_id, task, state, ended_at, record
FROM unnest($3::text[]) WITH ORDINALITY AS wanted (wanted_id, place)
LEFT JOIN taskhub.history
    ON task_id = wanted_id AND ended_at >= taskhub.clock($1::bigint) - $2::bigint
ORDER BY place
