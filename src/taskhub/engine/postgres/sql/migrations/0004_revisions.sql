-- In which revision of all functions (schema.py) each was written; 0: before there were revisions.
ALTER TABLE taskhub.functions ADD COLUMN revision integer NOT NULL DEFAULT 0;
