"""Flask: an app configured by the site's settings, tasks in its context, request ids, commands.

taskhub = Taskhub()

def create_app() -> Flask:
    site = Flask(__name__)
    site.config["CELERY"] = {"broker_url": "redis://localhost:6379/0"}
    taskhub.init_app(site)
    return site
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.contrib.required_library import require_library
from taskhub.lazy_names import lazy_names

if TYPE_CHECKING:
    from taskhub.contrib.flask.dashboard import mount_dashboard
    from taskhub.contrib.flask.extension import Taskhub
    from taskhub.contrib.flask.sites import celery_of
    from taskhub.contrib.flask.task import FlaskTask

# Also for what is imported from a module of the package, which Python does after this.
require_library(__name__, "flask")

__all__ = ("FlaskTask", "Taskhub", "celery_of", "mount_dashboard")

__getattr__ = lazy_names(
    __name__,
    {
        "FlaskTask": ".task",
        "Taskhub": ".extension",
        "celery_of": ".sites",
        "mount_dashboard": ".dashboard",
    },
)
