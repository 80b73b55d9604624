-- Reads a page of the ids of revoked tasks, those first that are forgotten first.
--
-- $1 the present, $2 offset, $3 limit.
SELECT task_id FROM taskhub.revoked WHERE until > taskhub.clock($1::bigint)
ORDER BY until, task_id OFFSET $2::bigint LIMIT $3::bigint
