-- Marks a claimed message so that it is not run again (functions/mark.sql).
--
-- $1 the worker; $2 key, $3 token; $4 the mark.
SELECT taskhub.mark($1::text, $2::text, $3::text, $4::text)
