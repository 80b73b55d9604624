"""The distributions of this repository, and what each must hold."""

from __future__ import annotations

from typing import Final, NamedTuple


class Distribution(NamedTuple):
    """A distribution that `make build` makes."""

    name: str
    #: Of its pyproject.toml.
    directory: str
    #: Top-level packages.
    packages: tuple[str, ...]
    #: Files of licences.
    licences: tuple[str, ...] = ("LICENSE",)
    #: Whether it is published on the package index. What is not has no source distribution.
    published: bool = True

    @property
    def file_name(self) -> str:
        """What the names of its files begin with."""
        return self.name.replace("-", "_")


_CELERYS: Final = ("celery", "Modules", "taskhub_migration")

DISTRIBUTIONS: Final = (
    Distribution("taskhub-core", ".", ("taskhub",), ("LICENSE", "NOTICE")),
    Distribution("taskhub-compat", "compat", _CELERYS),
    Distribution("taskhub-scheduler", "scheduler", ("taskhub_scheduler",)),
    # The name belongs to Celery: the wheel is attached to the release, and found nowhere else.
    Distribution("celery", "compat/celery-shim", _CELERYS, published=False),
)
