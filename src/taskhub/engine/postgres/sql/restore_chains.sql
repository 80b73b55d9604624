-- Stores the links of chains as they were in another store (functions/keep_chains.sql).
--
-- $1 now; $2 chains, $3 for how long each is kept; for each link $4 its chain, $5 the number of its
-- plan, $6 the link.
SELECT taskhub.keep_chains(
    taskhub.clock($1::bigint), $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::text[]
)
