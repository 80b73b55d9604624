"""`python -m taskhub`: the command `taskhub`, for where that is not on the PATH."""

from __future__ import annotations

import sys

from taskhub.cli import main

if __name__ == "__main__":
    sys.exit(main())
