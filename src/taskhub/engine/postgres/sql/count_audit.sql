-- Counts the entries of the audit log.
SELECT count(*) FROM taskhub.audit_log
