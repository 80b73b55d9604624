-- Reads the locks that are held by tasks that are stored: name, task id.
SELECT name, task_id
FROM taskhub.locks
WHERE EXISTS (SELECT FROM taskhub.messages WHERE key = locks.task_id)
ORDER BY name
