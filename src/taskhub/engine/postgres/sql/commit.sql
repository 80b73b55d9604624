-- Commits outcomes of a worker's claims (functions/commit.sql).
--
-- The parameters are those of the function, in its order.
SELECT committed, grown, stored FROM taskhub.commit(
    $1::bigint, $2::text, $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::bigint, $10::text[], $11::bigint, $12::bigint, $13::text[], $14::bigint, $15::text[],
    $16::text[], $17::text[], $18::bigint, $19::bigint[], $20::text[], $21::bigint, $22::boolean,
    $23::bigint[], $24::text[], $25::text[], $26::bigint[], $27::bytea[], $28::bigint[],
    $29::bigint[], $30::bigint[], $31::text[], $32::text[], $33::bigint[], $34::text[],
    $35::bigint[], $36::text[], $37::text[], $38::text[], $39::bigint[], $40::bytea[],
    $41::bigint[], $42::bigint[], $43::bigint[], $44::text[], $45::text[], $46::bigint[],
    $47::text[], $48::text[], $49::text[], $50::bigint[], $51::text[], $52::bigint[], $53::text[],
    $54::bigint[], $55::bigint[], $56::text[], $57::text[]
)
