"""Reading a code base that uses Celery, without running it: what is unsupported or differs, where, and what to do."""

from taskhub.migrating.checking import check
from taskhub.migrating.finding import Finding, Level
from taskhub.migrating.report import Report

__all__ = ["Finding", "Level", "Report", "check"]
