"""Makes the web application, and gives its context to every task by a base class set at run time."""

from contextlib import contextmanager
from contextvars import ContextVar

from config import CONFIG
from extensions import celery_app

context = ContextVar("context")


class WebApp:
    name = "web"

    @contextmanager
    def app_context(self):
        token = context.set(self.name)
        try:
            yield
        finally:
            context.reset(token)


def create_app():
    web = WebApp()
    celery_app.config_from_object(CONFIG["CELERY_CONFIG"])
    celery_app.set_default()
    base = celery_app.Task

    class ContextTask(base):
        abstract = True

        def __call__(self, *args, **kwargs):
            with web.app_context():
                return base.__call__(self, *args, **kwargs)

    celery_app.Task = ContextTask
    return web
