-- Reads cursors of the entries of a page of the history, the task that ended last first.
--
-- $1 the present, $2 for how long tasks are kept (ms), $3 ended since; the cursor of the entry
-- before: $4 ended at (NULL: from the last one on), $5 task id; $6 names, $7 states (NULL: any), $8
-- limit.
SELECT ended_at, task_id
FROM taskhub.history
WHERE
    ended_at >= (SELECT greatest($3::bigint, taskhub.clock($1::bigint) - $2::bigint))
    AND (ended_at, task_id)
        < (coalesce($4::bigint, 9223372036854775807), coalesce($5::text COLLATE "C", ''))
    AND ($6::text[] IS NULL OR task = ANY ($6::text[]))
    AND ($7::text[] IS NULL OR state = ANY ($7::text[]))
ORDER BY ended_at DESC, task_id DESC
LIMIT $8::bigint
