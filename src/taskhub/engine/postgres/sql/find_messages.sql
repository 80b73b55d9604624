-- Looks for texts in some of the stored messages, in the order of their keys: the key of each that
-- was looked at, and whether it contains one. So that the server is not held for long, it ends
-- behind so many messages or bytes.
--
-- $1 the last key before ('': none), $2 how many messages, $3 how many bytes, $4 the texts.
SELECT key, EXISTS (
    SELECT FROM unnest($4::bytea[]) AS wanted
    -- What is stored in other engines, too: see `Envelope.record`.
    WHERE position(wanted IN convert_to(
        queue || E'\n' || priority || E'\n' || split_part(key, E'\n', 1) || E'\n', 'UTF8'
    ) || body) > 0
)
FROM (
    SELECT
        key, queue, priority, body,
        sum(octet_length(body)) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING)
            - octet_length(body) AS bytes_before
    FROM (
        SELECT key, queue, priority, body
        FROM taskhub.messages
        WHERE key > $1::text
        ORDER BY key
        LIMIT $2::bigint
    ) AS page
) AS counted
WHERE bytes_before < $3::bigint
ORDER BY key
