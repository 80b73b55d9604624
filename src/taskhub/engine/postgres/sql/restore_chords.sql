-- Stores chords as they were in another store.
--
-- $1 now; for each chord $2 id, $3 size, $4 added parts, $5 parts that are there, $6 messages of the
-- body that need them, $7 for how long it is kept; for each part $8 its chord, $9 place, $10 place
-- among the added, $11 value; for each message of a body $12 its chord, $13 number, $14 task id, $15
-- queue, $16 priority, $17 body, $18 delay, $19 eta.
WITH given AS (
    SELECT * FROM unnest(
        $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]
    ) AS c (chord_id, size, extra, done, bodies, life)
), parts AS (
    INSERT INTO taskhub.chord_parts (chord_id, place, added, value)
    SELECT * FROM unnest($8::text[], $9::text[], $10::bigint[], $11::text[])
), bodies AS (
    INSERT INTO taskhub.chord_bodies
        (chord_id, number, task_id, queue, priority, body, delay, eta)
    SELECT * FROM unnest(
        $12::text[], $13::bigint[], $14::text[], $15::text[], $16::bigint[], $17::bytea[],
        $18::bigint[], $19::bigint[]
    )
)
INSERT INTO taskhub.chords (chord_id, size, extra, done, bodies, expires)
SELECT chord_id, size, extra, done, bodies, taskhub.clock($1::bigint) + life FROM given
