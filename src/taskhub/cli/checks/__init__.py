"""The checks of `taskhub doctor`: each looks at one thing and yields what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from taskhub.health import Finding

if TYPE_CHECKING:
    from taskhub.app.app import Celery

__all__ = ("Finding", "all_checks")


def all_checks(app: Celery) -> Iterator[Finding]:
    """Run every check that concerns an app; one that breaks is a finding, too."""
    from taskhub.cli.checks import packages, stores

    checks: tuple[Callable[[Celery], Iterable[Finding]], ...] = (
        packages.check_versions,
        packages.check_celery,
        packages.check_namesake,
        packages.check_settings,
        stores.check_stores,
        stores.check_directory,
        stores.check_workers,
        *app.checks,
    )
    for check in checks:
        try:
            yield from check(app)
        except Exception as error:
            subject = check.__name__.partition("_")[2].replace("_", " ")
            yield Finding("fail", subject, f"{error}", "" if str(error) else type(error).__name__)
