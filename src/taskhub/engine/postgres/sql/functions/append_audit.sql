-- Appends an entry to the audit log, with the present as its time, and drops the oldest of too
-- many. Numbers have no gaps: who appends holds a lock until its commit.
CREATE OR REPLACE FUNCTION taskhub.append_audit(
    p_now bigint, p_who text, p_action text, p_target text, p_affected bigint, p_details text,
    p_limit bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1952999276, hashtext('taskhub.audit_log'));
    SELECT coalesce(max(number), 0) + 1 INTO last FROM taskhub.audit_log;
    INSERT INTO taskhub.audit_log (number, at, who, action, target, affected, details)
    VALUES (last, taskhub.clock(p_now), p_who, p_action, p_target, p_affected, p_details);
    DELETE FROM taskhub.audit_log WHERE number <= last - p_limit;
END
$$;
