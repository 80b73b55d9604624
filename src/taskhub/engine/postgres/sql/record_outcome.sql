-- Notes the outcome of a run in the history of its entry; returns a row if it is there.
--
-- $1 the app, $2 the entry, $3 the task id, $4 state, $5 when it began, $6 how long it took, $7
-- error.
UPDATE taskhub.periodic_runs
SET state = $4::text, started_at = $5::bigint, took = $6::double precision, error = $7::text
WHERE app = $1::text AND entry = $2::text AND number = (
    SELECT max(number) FROM taskhub.periodic_runs
    WHERE app = $1::text AND entry = $2::text AND task_id = $3::text
)
RETURNING true
