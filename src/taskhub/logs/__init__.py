"""Log formats, loggers and their set-up, as Celery has them."""
