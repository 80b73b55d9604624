-- Notes that a batch of an outbox is stored now, in this transaction.
--
-- Raises TH003, and nothing is stored, if another relay leads; TH002 if an earlier try stored it.
CREATE OR REPLACE FUNCTION taskhub.take_batch(
    p_outbox text, p_number bigint, p_batch_number bigint, p_rows text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known taskhub.outboxes;
BEGIN
    SELECT * INTO known FROM taskhub.outboxes WHERE outbox = p_outbox FOR UPDATE;
    IF known.number IS DISTINCT FROM p_number THEN
        RAISE EXCEPTION 'another relay leads' USING ERRCODE = 'TH003';
    END IF;
    IF p_batch_number <= known.batch_number THEN
        RAISE EXCEPTION 'batch % was stored', p_batch_number USING ERRCODE = 'TH002';
    END IF;
    UPDATE taskhub.outboxes SET batch_number = p_batch_number, taken = p_rows
    WHERE outbox = p_outbox;
END
$$;
