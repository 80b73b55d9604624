"""Another application on the same queues: it knows one task, and none of the other program's."""

from __future__ import annotations

import json
import os
from pathlib import Path

from taskhub import Celery
from tests.support.workers import SETTINGS_VARIABLE

app = Celery("other program", **json.loads(os.environ[SETTINGS_VARIABLE]))


@app.task(name="of_the_other")
def of_the_other(path: str, number: int) -> int:
    """Note the number in a file of its own name: a second run would be seen."""
    with (Path(path) / str(number)).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return number
