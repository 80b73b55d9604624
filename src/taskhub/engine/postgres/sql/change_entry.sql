-- Replaces a stored entry (functions/change_entry.sql); returns false if something else is stored.
--
-- $1 the present, $2 the app, $3 the entry, $4 before, $5 after, $6 fire times; of the audit log:
-- $7 who, $8 action, $9 target, $10 affected, $11 details, $12 how many are kept.
SELECT taskhub.change_entry(
    $1::bigint, $2::text, $3::text, $4::bytea, $5::bytea, $6::text, $7::text, $8::text, $9::text,
    $10::bigint, $11::text, $12::bigint
)
