"""The app of the Flask site that `FLASK_APP` names, for `-A taskhub.contrib.flask.worker_app:app`.

Flask looks for the site as `flask run` does: `wsgi.py` or `app.py` here, or a factory.
"""

from __future__ import annotations

import os
from typing import Any


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flask.cli import ScriptInfo

    from taskhub.contrib.flask.sites import celery_of

    found = globals()["app"] = celery_of(ScriptInfo(os.environ.get("FLASK_APP")).load_app())
    return found
