"""A Flask site made by a factory, with tasks and the dashboard at /tasks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from taskhub.contrib.flask import Taskhub, mount_dashboard
from taskhub.contrib.request_id import RequestIdFilter
from taskhub.web import Passwords

taskhub = Taskhub()
#: `taskhub web password ann --role operator --file users.txt` adds a user.
USERS = Path(__file__).parents[1] / "users.txt"


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Return the site; `flask --app shop` and `gunicorn 'shop:create_app()'` call it.

    Args:
        settings: Flask's settings that differ, in tests.
    """
    site = Flask(__name__)
    site.config.from_mapping(
        SHOP_SENDER="shop@example.com",
        # As Flask's documentation has it. Without a broker_url, a development store is used.
        CELERY={
            "worker_task_log_format": "[%(levelname)s] [%(request_id)s] %(task_name)s: %(message)s"
        },
    )
    site.config.from_mapping(settings or {})
    site.config.from_prefixed_env()
    set_up_logging()

    taskhub.init_app(site)
    if USERS.exists():
        mount_dashboard(site, "/tasks", auth=Passwords(USERS))

    from shop import views

    site.register_blueprint(views.orders)
    return site


def set_up_logging() -> None:
    """Let lines of the service name the request that they belong to."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    logging.basicConfig(
        level="INFO", handlers=[handler], format="%(levelname)s [%(request_id)s] %(message)s"
    )
