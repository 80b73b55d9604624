-- Ends a leadership of the relays of an outbox.
--
-- $1 the outbox; $2 the number.
-- Returns  one row if it led.
UPDATE taskhub.outboxes SET until = 0
WHERE outbox = $1::text AND number = $2::bigint
RETURNING 1
