"""`FlaskTask`: tasks whose bodies run in the application context of their Flask site."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from taskhub.contrib.flask.sites import site_of
from taskhub.task.task import Task

if TYPE_CHECKING:
    from flask import Flask

__all__ = ("FlaskTask",)

P = ParamSpec("P")
R = TypeVar("R")


class FlaskTask(Task[P, R]):
    """A task whose body has `flask.current_app` and `flask.g`, in a context of its own."""

    abstract = True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the body in a new application context.

        Raises:
            ImproperlyConfigured: The task's app has no Flask application.
        """
        site = site_of(self.app)
        with site.app_context():
            value: Any = super().__call__(*args, **kwargs)
        if inspect.iscoroutine(value):
            # Called as a function: the caller awaits it.
            value = _await_in_context(site, value)
        result: R = value
        return result


async def _await_in_context(site: Flask, coroutine: Any) -> Any:
    with site.app_context():
        return await coroutine
