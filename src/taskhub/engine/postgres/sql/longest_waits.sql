-- Reads the lowest sequence among the ready messages of each queue, in the order of the queues: the
-- present, queue, sequence.
--
-- $1 the present, $2 the queues.
SELECT taskhub.clock($1::bigint), wanted.queue, min(head.sequence)
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (queue, number)
CROSS JOIN generate_series(0, 9) AS band (rank)
CROSS JOIN LATERAL (
    SELECT sequence
    FROM taskhub.ready
    WHERE ready.queue = wanted.queue AND ready.rank = band.rank::smallint
    ORDER BY sequence, key
    LIMIT 1
) AS head
GROUP BY wanted.queue, wanted.number
ORDER BY wanted.number
