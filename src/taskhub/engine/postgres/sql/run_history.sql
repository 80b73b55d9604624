-- Reads the latest runs of an entry, the latest first: fire time, result, when, task id; then the
-- outcome: state (NULL: it is not known), when it began, how long it took, error.
--
-- $1 the app, $2 the entry, $3 how many.
SELECT fire, result, at, task_id, state, started_at, took, error
FROM taskhub.periodic_runs
WHERE app = $1::text AND entry = $2::text
ORDER BY number DESC
LIMIT $3::bigint
