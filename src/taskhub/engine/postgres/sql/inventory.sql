-- Returns names of what is stored: the kind, and the name.
SELECT 'chord', chord_id FROM taskhub.chords
UNION ALL SELECT 'chain', chain_id FROM taskhub.chains
UNION ALL (
    SELECT 'schedule', app FROM taskhub.schedule_entries
    UNION SELECT 'schedule', app FROM taskhub.last_runs
)
UNION ALL SELECT 'outbox', outbox FROM taskhub.outboxes
