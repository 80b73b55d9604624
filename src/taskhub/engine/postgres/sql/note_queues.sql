-- Makes queues known.
--
-- $1 names, in order.
INSERT INTO taskhub.queues SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
