-- Stores messages with chords and links of chains (functions/enqueue_canvas.sql).
--
-- $1 to $9 as in enqueue.sql; $10 chord of which this is a page, $11 parts, $12 wait, $13 failure;
-- $14 chords, $15 sizes; for each message of a body $16 its chord, $17 task id, $18 queue, $19
-- priority, $20 body, $21 delay, $22 eta; $23 chains, $24 how long each is kept; for each link $25
-- its chain, $26 the number of its plan, $27 the link.
SELECT taskhub.enqueue_canvas(
    $1::bigint, $2::text, $3::bigint, $4::text[], $5::text[], $6::bigint[], $7::bytea[],
    $8::bigint[], $9::bigint[], $10::text, $11::bigint, $12::bigint, $13::text, $14::text[],
    $15::bigint[], $16::text[], $17::text[], $18::text[], $19::bigint[], $20::bytea[],
    $21::bigint[], $22::bigint[], $23::text[], $24::bigint[], $25::text[], $26::bigint[],
    $27::text[]
)
