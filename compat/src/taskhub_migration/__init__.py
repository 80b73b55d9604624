"""Migration checker: reads a code base that uses Celery and reports what has to change."""

from taskhub_migration.checker import check
from taskhub_migration.finding import Finding, Level
from taskhub_migration.report import Report

__all__ = ["Finding", "Level", "Report", "check"]
