-- The id of this store, by whatever address it is reached.
CREATE TABLE taskhub.identity (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id text NOT NULL
);
INSERT INTO taskhub.identity (id) VALUES (gen_random_uuid()::text);

-- Calls that callers write in their own transactions, in the form of rows of an outbox . No row
-- stays: a trigger stores the messages instead (enqueue_row.sql).
CREATE TABLE taskhub.calls (
    row_id text NOT NULL,
    namespace text NOT NULL,
    task_id text NOT NULL,
    task text NOT NULL,
    messages integer NOT NULL,
    payload text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE FUNCTION taskhub.enqueue_row() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''taskhub store upgrade has not ended''; END';
CREATE TRIGGER enqueue_row BEFORE INSERT ON taskhub.calls
    FOR EACH ROW EXECUTE FUNCTION taskhub.enqueue_row();

-- Queues to which an open transaction of a caller's has added messages, and events about them. Who
-- waits for these is notified when that is committed, and not before: so no lock is held meanwhile
-- (announce_additions.sql).
CREATE TABLE taskhub.pending_announcements (queues text[] NOT NULL, events text[] NOT NULL)
    WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE FUNCTION taskhub.announce_additions() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER announce_additions AFTER INSERT ON taskhub.pending_announcements
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION taskhub.announce_additions();
