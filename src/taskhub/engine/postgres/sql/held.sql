-- Reads the claims of a worker: key, token.
--
-- $1 the worker.
SELECT key, token FROM taskhub.claims WHERE worker = $1::text ORDER BY key
