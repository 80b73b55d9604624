-- Reads the last run of every entry of an app: entry, fire time, task id, when it was sent, how
-- many were sent and skipped, whether it waits or runs, how many are queued behind it.
--
-- $1 the app.
SELECT
    entry, fire, task_id, at, sent, skipped,
    EXISTS (SELECT FROM taskhub.messages WHERE key = last_runs.task_id),
    (
        SELECT count(*) FROM taskhub.queued_fires AS queued
        WHERE queued.app = last_runs.app AND queued.entry = last_runs.entry
    )
FROM taskhub.last_runs
WHERE app = $1::text
ORDER BY entry
