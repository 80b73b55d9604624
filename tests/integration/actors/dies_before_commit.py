"""For a worker: it is killed when a task has done its work and before that is committed."""

from __future__ import annotations

import os
import signal
from typing import Any

from dramatiq.middleware import Middleware

from taskhub.actors import app


class DiesBeforeCommit(Middleware):
    def after_process_message(self, *_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


app.broker.add_middleware(DiesBeforeCommit())
