-- Reads a page of the history, the task that ended last first (functions/history_page.sql).
--
-- $1 the present, $2 for how long tasks are kept (ms), $3 ended since, $4 names, $5 states (NULL:
-- any); the cursor of the entry before: $6 ended at (NULL: from the last one on), $7 task id; $8
-- limit, $9 whether with records.
SELECT task_id, task, state, ended_at, record FROM taskhub.history_page(
    $1::bigint, $2::bigint, $3::bigint, $4::text[], $5::text[], $6::bigint, $7::text, $8::bigint,
    $9::boolean
)
