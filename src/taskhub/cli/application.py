"""Finding the app that `-A` names."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from taskhub.app.app import Celery

#: The name of a program's module in the processes that it spawns.
_PROGRAM = "__mp_main__"
#: Attributes and submodules in which an app is looked for, as Celery does.
_USUAL_NAMES = ("app", "celery")


class ApplicationNotFound(Exception):
    """`-A` does not lead to an app; the message says what to do."""


class ApplicationBroken(Exception):
    """The app's own code failed while it was imported.

    Args:
        message: one line.
        shown: the part of the traceback that is in the user's code.
    """

    def __init__(self, message: str, shown: str) -> None:
        super().__init__(message)
        self.shown = shown


def find_app(name: str) -> Celery:
    """Return the app that a name stands for.

    Forms: `module` (its attribute `app` or `celery`, the only app in it, or its submodule `celery`
    or `app`), `module:attribute`, and `module.attribute`. As with Dramatiq's command line, a module
    may set Dramatiq's broker instead, and the attribute may be a function that does. The current
    directory is looked in first, as with `python -m`.

    Raises:
        ApplicationNotFound: there is no such module, or no app in it.
        ApplicationBroken: importing it failed.
    """
    directory = os.getcwd()
    if directory not in sys.path:
        sys.path.insert(0, directory)
    module_name, colon, attribute = name.partition(":")
    if not module_name or (colon and not attribute):
        raise ApplicationNotFound(f"-A {name!r} names no app: write module or module:attribute")
    if colon and os.path.isabs(module_name):
        module: ModuleType | None = _run_program(module_name)
    else:
        module = _import(module_name)
    if module is None:
        parent_name, _, attribute = module_name.rpartition(".")
        parent = _import(parent_name) if parent_name and not colon else None
        if parent is None:
            raise ApplicationNotFound(_no_module(module_name))
        if not hasattr(parent, attribute) and attribute == "py":
            raise ApplicationNotFound(_no_module(module_name))
        if not hasattr(parent, attribute):
            raise ApplicationNotFound(
                f"{parent_name} has no {attribute!r}: name the app with -A module:attribute"
            )
        return _app_in(getattr(parent, attribute), module_name)
    if not colon:
        return _app_in(module, name)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ApplicationNotFound(
                f"{module_name} has no {attribute!r}: correct -A {name}{_apps_there(module)}"
            )
        found = getattr(found, part)
    return _app_in(found, name)


def _app_in(found: Any, name: str) -> Celery:
    app = _app_of(found)
    if app is not None:
        return app
    _refuse_celerys(found, name)
    if isinstance(found, FunctionType):
        return _app_made_by(found, name)
    if not isinstance(found, ModuleType):
        raise ApplicationNotFound(
            f"{name} is a {type(found).__name__}, not an app: name a taskhub.Celery with -A "
            "module:attribute"
        )
    app = _app_in_module(found, name)
    if app is None:
        raise ApplicationNotFound(
            f"there is no app in {name}: make one with `app = taskhub.Celery(...)`, or name "
            "another module with -A"
        )
    return app


def _app_in_module(found: ModuleType, name: str) -> Celery | None:
    for usual in _USUAL_NAMES:
        value = getattr(found, usual, None)
        if isinstance(value, Celery):
            return value
        if isinstance(value, ModuleType) and value is not found:
            return _app_in(value, f"{name}.{usual}")
    apps = _apps(found)
    if len(apps) == 1:
        return next(iter(apps.values()))
    if apps:
        raise ApplicationNotFound(
            f"{name} has several apps: choose with -A {found.__name__}:{' or :'.join(sorted(apps))}"
        )
    if hasattr(found, "__path__"):
        for usual in reversed(_USUAL_NAMES):
            module = _import(f"{found.__name__}.{usual}")
            if module is not None:
                return _app_in(module, module.__name__)
    return _app_of_set_broker()


def _app_made_by(function: FunctionType, name: str) -> Celery:
    """Call a function that sets Dramatiq's broker, as its command line does, and return the app."""
    try:
        made = function()
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error
    app = _app_of(made) or _app_of_set_broker()
    if app is None:
        raise ApplicationNotFound(
            f"{name} is a function that makes no app: let it return a taskhub.Celery, or call "
            "dramatiq.set_broker(taskhub.dramatiq.broker(...)), or name an app with -A"
        )
    return app


def _app_of_set_broker() -> Celery | None:
    """Return the app of the broker that a program has given to `dramatiq.set_broker`, if any."""
    if "taskhub.dramatiq" not in sys.modules:
        return None
    import dramatiq.broker

    return _app_of(dramatiq.broker.global_broker)


def _refuse_celerys(found: Any, name: str) -> None:
    """Report an app of Celery's own, where Celery was installed over taskhub-compat's files."""
    values = [found, *vars(found).values()] if isinstance(found, ModuleType) else [found]
    kinds = {kind for value in values for kind in type(value).__mro__}
    if any((kind.__module__, kind.__name__) == ("celery.app.base", "Celery") for kind in kinds):
        from taskhub.cli.checks.clash import celery_names, complain_of

        complaint = complain_of(celery_names())
        shown = "" if complaint is None else f"; {complaint.message}"
        advice = "see docs/migrating.md#install" if complaint is None else complaint.advice
        raise ApplicationNotFound(
            f"the app in {name} is Celery's own, not taskhub's{shown}: {advice}"
        )


def _apps(module: ModuleType) -> dict[str, Celery]:
    found: dict[str, Celery] = {}
    for name, value in vars(module).items():
        app = _app_of(value)
        if app is not None and app not in found.values():
            found[name] = app
    return found


def _app_of(value: Any) -> Celery | None:
    """Return an app itself, or that of a broker of `taskhub.dramatiq`; None for anything else."""
    if isinstance(value, Celery):
        return value
    # Only where there is a broker has its module been imported.
    brokers = sys.modules.get("taskhub.engine.dramatiq.broker")
    if brokers is not None and isinstance(value, brokers.EngineBroker):
        return value.app if isinstance(value.app, Celery) else None
    return None


def _apps_there(module: ModuleType) -> str:
    apps = sorted(_apps(module))
    return f"; its apps: {', '.join(apps)}" if apps else ""


def _no_module(name: str) -> str:
    if name.endswith(".py") or "/" in name:
        plain = name.removesuffix(".py").strip("./").replace("/", ".")
        return f"-A takes the name of a module, not of a file: write -A {plain}"
    return (
        f"there is no module {name!r} here ({os.getcwd()}) or on PYTHONPATH: "
        "change to the project's directory, or correct -A"
    )


def _import(name: str) -> ModuleType | None:
    """Import a module; None: there is none of that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name == missing or name.startswith(f"{missing}."):
            return None
        raise _broken(name, error) from error
    except (Exception, SystemExit) as error:
        raise _broken(name, error) from error


def _run_program(path: str) -> ModuleType:
    """Return a program's file as a module, imported as `multiprocessing` does when it spawns."""
    loaded = sys.modules.get(_PROGRAM)
    if loaded is not None and getattr(loaded, "__file__", None) == path:
        return loaded
    directory = os.path.dirname(path)
    if directory not in sys.path:
        sys.path.insert(0, directory)
    module = ModuleType(_PROGRAM)
    module.__file__ = path
    # Pickled objects of its classes, and of the program that made them, are found under both names.
    sys.modules[_PROGRAM] = sys.modules["__main__"] = module
    try:
        code = compile(Path(path).read_bytes(), path, "exec")
        exec(code, vars(module))
    except (Exception, SystemExit) as error:
        raise _broken(path, error) from error
    return module


def _broken(name: str, error: BaseException) -> ApplicationBroken:
    what = traceback.format_exception_only(error)[-1].strip()
    if isinstance(error, ModuleNotFoundError):
        what += _hint_for((error.name or "").partition(".")[0])
    return ApplicationBroken(f"{name} cannot be imported: {what}", user_traceback(error))


def _hint_for(package: str) -> str:
    """Return what to do where a package is gone that was installed with Celery, else ""."""
    distribution = _INSTALLED_WITH_CELERY.get(package)
    if distribution is None:
        return ""
    return (
        f": it was installed with Celery; add {distribution} to the requirements, or install "
        "taskhub's distribution of the name celery, which brings it (docs/migrating.md)"
    )


#: Packages that Celery's wheel requires, and the distributions that they are in.
_INSTALLED_WITH_CELERY: Final = {
    **{name: name for name in ("amqp", "billiard", "kombu", "six", "tzlocal", "vine")},
    "dateutil": "python-dateutil",
}


#: The directory of this package.
_OURS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")


def user_traceback(error: BaseException) -> str:
    """Return a traceback without the frames of taskhub and of the import system."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen importlib")
        and not frame.filename.startswith(_OURS)
        and not frame.filename.endswith("importlib/__init__.py")
    ]
    lines = traceback.format_list(frames) + traceback.format_exception_only(error)
    return "Traceback (most recent call last):\n" + "".join(lines)
