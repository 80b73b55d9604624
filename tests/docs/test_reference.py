"""Pages that are made from the code are as the code is."""

from __future__ import annotations

import subprocess
import sys

from tests.docs import command_reference
from tests.docs.stage import ROOT


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    # In a process of its own: another test may have used the commands under the name celery.
    program = "from tests.docs import command_reference as page; print(page.written(), end='')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert command_reference.PAGE.read_text("utf-8") == done.stdout, "run `make reference`"
