-- Reads what tasks failed with in some minutes: minute, field, how often, the last example.
--
-- $1 the present, $2 the minutes.
SELECT minute, field, sum(times)::bigint, (array_agg(example ORDER BY at DESC))[1]
FROM taskhub.failures
WHERE minute = ANY ($2::bigint[]) AND expires > taskhub.clock($1::bigint)
GROUP BY minute, field
ORDER BY minute, field
