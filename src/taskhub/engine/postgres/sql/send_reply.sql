-- Sends a reply to the collector of an address.
--
-- $1 the present, $2 the address, $3 the reply, $4 how long it is kept, ms.
WITH sent AS (
    INSERT INTO taskhub.replies (reply_to, reply, expires)
    VALUES ($2::text, $3::text, taskhub.clock($1::bigint) + $4::bigint)
)
SELECT pg_notify('taskhub_' || md5('taskhub.replies'), md5($2::text))
