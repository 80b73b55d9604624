"""The command line run by a program for its own app (`app.start()`, `app.worker_main()`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from taskhub import current
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.app.app import Celery


def run_command_line(app: Celery, argv: Sequence[str] | None) -> Any:
    """Run the command `celery` with `argv`, by default this program's arguments.

    Args:
        app: The app.
        argv: Arguments without the program's name, as in Celery: `["worker", "-c", "1"]`.

    Raises:
        ImproperlyConfigured: No module has the app as an attribute, and `argv` names none with
            `-A`.
    """
    current.set_current_app(app)
    arguments = sys.argv[1:] if argv is None else list(argv)
    # By name: the command line is a layer above this one.
    command_line = import_module("taskhub.cli")
    if any(word.startswith(("-A", "--app")) for word in arguments):
        return command_line.run_for_app("", arguments)
    directory = directory_of_program()
    if directory is not None:
        path = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (directory, path)))
    return command_line.run_for_app(address_of(app), arguments)


def run_worker(app: Celery, argv: Sequence[str] | None) -> Any:
    """Run the command `celery worker` with `argv`, by default this program's arguments.

    Raises:
        ValueError: `argv` does not name the command `worker`.
    """
    arguments = list(sys.argv if argv is None else argv)
    if "worker" not in arguments:
        raise ValueError(
            "The worker sub-command must be specified in argv.\n"
            "Use app.start() to programmatically start other commands."
        )
    first = arguments[0]
    if first != "worker" and not first.startswith("-"):
        # The name of the program, as in `sys.argv`.
        del arguments[0]
    return app.start(arguments)


def address_of(app: Celery) -> str:
    """Return the `-A` argument by which another process finds an app.

    It is `module:attribute`, or `/path/program.py:attribute`.

    Raises:
        ImproperlyConfigured: No module has the app as an attribute, so a new process could not
            find it.
    """
    main = sys.modules.get("__main__")
    for module in (main, *list(sys.modules.values())):
        attribute = _attribute(module, app)
        if module is None or attribute is None:
            continue
        if module is not main:
            return f"{module.__name__}:{attribute}"
        specification = getattr(main, "__spec__", None)
        if specification is not None:
            # Started as `python -m name`.
            return f"{specification.name}:{attribute}"
        path = getattr(main, "__file__", None)
        if path is not None:
            return f"{os.path.abspath(path)}:{attribute}"
    raise ImproperlyConfigured(
        f"{app!r} is no attribute of a module, so worker processes, which are started anew, cannot "
        "find it: assign it to a name in a module, or name one with -A module:attribute"
    )


def directory_of_program() -> str | None:
    """Return the directory of the program's file, if Python imports modules from there."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    directory = os.path.dirname(os.path.abspath(path)) if path else None
    return directory if directory in {os.path.abspath(entry) for entry in sys.path} else None


def _attribute(module: ModuleType | None, app: Celery) -> str | None:
    try:
        items = list(vars(module).items())
    except TypeError:
        return None
    return next((name for name, value in items if value is app), None)
