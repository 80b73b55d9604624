-- Ends open chords whose callers send no more of their members (functions/fail_chords.sql).
--
-- $1 now; $2 the chord, or NULL: those that have waited too long; $3 the failure, or ''.
SELECT failed, grown FROM taskhub.fail_chords($1::bigint, $2::text, $3::text)
