-- Stores dead letters as they were in another store.
--
-- One element for each: $1 keys, $2 reasons, $3 queues, $4 priorities, $5 bodies, $6 when they are
-- forgotten.
INSERT INTO taskhub.dead_letters (key, reason, queue, priority, body, expires)
SELECT
    CASE WHEN EXISTS (SELECT FROM taskhub.dead_letters AS known WHERE known.key = d.key)
        THEN split_part(d.key, E'\n', 1) || E'\n' || nextval('taskhub.positions') ELSE d.key END,
    reason, queue, priority, body, expires
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[]
) AS d (key, reason, queue, priority, body, expires)
