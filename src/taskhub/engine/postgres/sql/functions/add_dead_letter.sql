-- Makes a message a dead letter, under another key if another one has its own.
CREATE OR REPLACE FUNCTION taskhub.add_dead_letter(
    p_message taskhub.messages, p_reason text, p_expires bigint
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    kept text := p_message.key;
BEGIN
    LOOP
        INSERT INTO taskhub.dead_letters (key, reason, queue, priority, body, expires)
        VALUES (
            kept, p_reason, p_message.queue, p_message.priority, p_message.body, p_expires
        )
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        kept := p_message.key || E'\n' || nextval('taskhub.positions');
    END LOOP;
END
$$;
