-- Returns the id of this store (functions/store_id.sql).
SELECT taskhub.store_id()
