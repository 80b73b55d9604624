-- Renews the leadership of the relays of an outbox, or begins one.
--
-- p_number  the number that the relay leads with; 0 begins another leadership.
-- Returns   the number, 0 if another relay leads; who leads; the rows that were taken last.
CREATE OR REPLACE FUNCTION taskhub.lead_outbox(
    p_now bigint, p_outbox text, p_holder text, p_number bigint, p_lease bigint,
    OUT given bigint, OUT leader text, OUT rows_taken text[]
)
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    known taskhub.outboxes;
    is_own boolean;
    is_new boolean;
BEGIN
    INSERT INTO taskhub.outboxes (outbox) VALUES (p_outbox) ON CONFLICT DO NOTHING;
    SELECT * INTO known FROM taskhub.outboxes WHERE outbox = p_outbox FOR UPDATE;
    is_own := known.holder = p_holder AND known.until > 0;
    -- A lease that ends later than any lease can was given before the clock was set back.
    IF NOT is_own AND known.until > present AND known.until <= present + 2 * p_lease THEN
        given := 0;
        leader := known.holder;
        rows_taken := '{}';
        RETURN;
    END IF;
    is_new := NOT is_own OR p_number <> known.number;
    given := known.number + is_new::integer;
    leader := p_holder;
    rows_taken := known.taken;
    UPDATE taskhub.outboxes SET
        holder = p_holder,
        number = given,
        until = present + p_lease,
        batch_number = CASE WHEN is_new THEN 0 ELSE batch_number END
    WHERE outbox = p_outbox;
END
$$;
