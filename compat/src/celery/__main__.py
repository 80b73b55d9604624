"""`python -m celery`: the command `celery`."""

from __future__ import annotations

import sys

from taskhub.cli import celery

__all__ = ("main",)


def main() -> None:
    """Run the command `celery` and exit; programs that restart workers call it by its path."""
    sys.exit(celery())


if __name__ == "__main__":
    main()
