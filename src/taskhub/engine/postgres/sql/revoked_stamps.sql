-- Reads the stamps whose tasks are revoked: header, value.
--
-- $1 the present.
SELECT header, value FROM taskhub.revoked_stamps WHERE until > taskhub.clock($1::bigint)
ORDER BY until, header, value
