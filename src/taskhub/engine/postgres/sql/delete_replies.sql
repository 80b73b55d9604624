-- Deletes the replies to an address: nobody waits for them any more.
--
-- $1 the address.
DELETE FROM taskhub.replies WHERE reply_to = $1::text
