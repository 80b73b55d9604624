-- Deletes the foremost ready messages of a queue; returns how many. One that is claimed at this
-- moment is left to its worker.
--
-- $1 the queue, $2 how many at most.
WITH gone AS (
    DELETE FROM taskhub.ready WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.ready
        WHERE queue = $1::text
        ORDER BY rank, sequence, key
        LIMIT $2::bigint
        FOR UPDATE SKIP LOCKED
    ))
    RETURNING key
), forgotten AS (
    DELETE FROM taskhub.messages USING gone WHERE messages.key = gone.key
)
SELECT count(*) FROM gone
