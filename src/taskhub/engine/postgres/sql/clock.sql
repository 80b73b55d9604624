-- Reads the present, ms.
--
-- $1 what a test says that it is; NULL: the server's clock.
SELECT taskhub.clock($1::bigint)
