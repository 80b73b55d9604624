"""Apps for tests."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, cast

from celery._unsupported import unsupported_getattr
from celery.app.log import Logging
from taskhub import current, testing
from taskhub.testing.app import DEFAULT_TEST_CONFIG, isolated_app

if TYPE_CHECKING:
    from taskhub import Celery

__all__ = (
    "DEFAULT_TEST_CONFIG",
    "TestApp",
    "Trap",
    "UnitLogging",
    "set_trap",
    "setup_default_app",
)


class UnitLogging(Logging):
    """Leaves logging as it is: tests look at it by themselves."""

    def __init__(self, app: Celery) -> None:
        super().__init__(app)
        self.already_setup = True


def TestApp(
    *args: Any, enable_logging: bool = False, log: type[Logging] = UnitLogging, **kwargs: Any
) -> Celery:
    """Return an app as `taskhub.testing.TestApp`.

    Args:
        args: As of `taskhub.testing.TestApp`.
        enable_logging: Let `app.log.setup` set logging up.
        log: Otherwise the class of `app.log`.
        kwargs: As of `taskhub.testing.TestApp`.
    """
    app = testing.TestApp(*args, **kwargs)
    if not enable_logging:
        app.log = log(app)
    return app


TestApp.__test__ = False  # type: ignore[attr-defined]


class Trap:
    """Stands where the current app would be, and raises whenever something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name in ("_is_coroutine", "__func__"):
            # unittest.mock asks these of everything.
            return None
        self._sprung(name)

    @staticmethod
    def _sprung(name: str) -> NoReturn:
        raise RuntimeError(f"Test depends on current_app: it was asked for {name!r}")


@contextmanager
def set_trap(app: Any = None) -> Generator[None]:
    """Let every use of the current or the default app raise `RuntimeError`.

    Args:
        app: Accepted as Celery's, without effect.
    """
    with current.kept():
        trap = cast("Celery", Trap())
        current.set_current_app(trap)
        current.set_default_app(trap)
        yield


@contextmanager
def setup_default_app(app: Celery, use_trap: bool = False) -> Generator[None]:
    """Keep what a test does to the current and default app from the next test.

    Args:
        app: The test's; it is closed afterwards.
        use_trap: See `set_trap`.
    """
    with ExitStack() as held:
        held.enter_context(isolated_app(app))
        if use_trap:
            held.enter_context(set_trap(app))
        yield


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
