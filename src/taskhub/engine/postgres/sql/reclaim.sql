-- Takes the claims of a lost worker away (functions/reclaim.sql).
--
-- $1 now; $2 the worker; $3 whether only if its lease has run out.
SELECT reclaimed, grown FROM taskhub.reclaim($1::bigint, $2::text, $3::boolean)
