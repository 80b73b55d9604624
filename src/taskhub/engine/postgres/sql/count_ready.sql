-- Counts the ready messages of a queue by priority, the first one first: priority, how many.
--
-- $1 the queue.
SELECT 9 - rank, count(*) FROM taskhub.ready WHERE queue = $1::text GROUP BY rank ORDER BY rank
