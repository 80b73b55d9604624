-- Reads what was counted in some minutes: minute, field, how often.
--
-- $1 the present, $2 the minutes.
SELECT minute, field, sum(times)::bigint
FROM taskhub.counts
WHERE minute = ANY ($2::bigint[]) AND expires > taskhub.clock($1::bigint)
GROUP BY minute, field
ORDER BY minute, field
