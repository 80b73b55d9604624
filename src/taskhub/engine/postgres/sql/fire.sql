-- Deals with a fire time of an entry (functions/fire.sql): what became of it, the queues that grew.
--
-- $1 the present, $2 the app, $3 the token, $4 the entry, $5 the fire time, $6 how far ahead of the
-- clock one may be, $7 overlap, $8 how many may be queued, $9 how many runs are kept, $10 the run;
-- $11 .. $16 its messages.
SELECT result, grown FROM taskhub.fire(
    $1::bigint, $2::text, $3::bigint, $4::text, $5::bigint, $6::bigint, $7::text, $8::bigint,
    $9::bigint, $10::text, $11::text[], $12::text[], $13::bigint[], $14::bytea[], $15::bigint[],
    $16::bigint[]
)
