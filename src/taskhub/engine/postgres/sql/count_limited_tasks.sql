-- Counts the messages that wait for permits, by task.
SELECT task, count(*) FROM taskhub.limited GROUP BY task ORDER BY task
