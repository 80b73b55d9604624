-- Deletes messages of a queue that wait for permits; returns how many.
--
-- $1 the queue, $2 how many at most.
WITH gone AS (
    DELETE FROM taskhub.limited WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.limited
        WHERE queue = $1::text
        LIMIT $2::bigint
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING key
), forgotten AS (
    DELETE FROM taskhub.messages USING gone WHERE messages.key = gone.key
)
SELECT count(*) FROM gone
