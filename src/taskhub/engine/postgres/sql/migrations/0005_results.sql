-- Results for people and programs that read them in SQL (docs/postgresql.md): its columns stay what
-- they are, or get others behind them.
CREATE FUNCTION taskhub.readable_json(p_text text) RETURNS json LANGUAGE plpgsql AS
    'BEGIN RETURN p_text; END';

CREATE VIEW taskhub.results AS
SELECT
    r.task_id,
    coalesce(h.task, document ->> 'name') AS name,
    document ->> 'status' AS state,
    document -> 'result' AS result,
    document ->> 'traceback' AS traceback,
    coalesce(record ->> 'queue', document ->> 'queue') AS queue,
    coalesce(record ->> 'worker', document ->> 'worker') AS worker,
    to_timestamp((record ->> 'sent_at')::double precision / 1000) AS enqueued_at,
    to_timestamp((record ->> 'started_at')::double precision / 1000) AS started_at,
    coalesce(
        to_timestamp(h.ended_at / 1000.0),
        (document ->> 'date_done')::timestamp AT TIME ZONE 'UTC'
    ) AS finished_at,
    to_timestamp(r.expires / 1000.0) AS expires_at
FROM (SELECT task_id, taskhub.readable_json(document) AS document, expires
    FROM taskhub.result_documents) AS r
LEFT JOIN (SELECT task_id, task, ended_at, taskhub.readable_json(record) AS record
    FROM taskhub.history) AS h USING (task_id);
