-- Counts the entries of the history by the names of tasks.
SELECT task, count(*) FROM taskhub.history GROUP BY task ORDER BY task
