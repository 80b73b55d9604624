"""`python -m taskhub_scheduler`: the command `taskhub scheduler`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run a scheduler; returns the exit code."""
    from taskhub.cli import main as taskhub

    return taskhub(["scheduler", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
