-- Deletes messages wherever they are; the completion of a worker that held one is refused.
--
-- $1 keys.
WITH gone AS (
    DELETE FROM taskhub.messages WHERE key = ANY ($1::text[])
    RETURNING key, queue, priority, sequence, due
), claimed AS (
    DELETE FROM taskhub.claims WHERE key = ANY ($1::text[])
), limited AS (
    DELETE FROM taskhub.limited WHERE key = ANY ($1::text[])
), delayed AS (
    DELETE FROM taskhub.delayed AS d USING gone
    WHERE d.due = gone.due AND d.queue = gone.queue AND d.priority = gone.priority
        AND d.key = gone.key
)
DELETE FROM taskhub.ready AS r USING gone
WHERE r.queue = gone.queue AND r.rank = 9 - gone.priority AND r.sequence = gone.sequence
    AND r.key = gone.key
