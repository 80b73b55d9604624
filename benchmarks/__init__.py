"""Measures taskhub beside Celery and Dramatiq: `python -m benchmarks`, docs/benchmarks.md."""
