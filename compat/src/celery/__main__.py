"""`python -m celery`: the command `celery`."""

from __future__ import annotations

import sys

from taskhub.cli import celery

if __name__ == "__main__":
    sys.exit(celery())
