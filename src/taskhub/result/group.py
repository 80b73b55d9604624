"""`GroupResult`: the results of a group, which can be saved and restored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from taskhub.current import app_or_default
from taskhub.names import check_id
from taskhub.result.base import ResultBase
from taskhub.result.result_set import ResultSet

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application
    from taskhub.result.backend import Backend


class GroupResult(ResultSet):
    """A set of results with an id of its own (as Celery's `GroupResult`).

    It equals its id, so that `"an id" in results` works.

    Args:
        id: The id of the group.
        results: The results in it, in the order of the group's tasks.
        parent: The result before the group in a chain.
        kwargs: As of `ResultSet`.
    """

    def __init__(
        self,
        id: str | None = None,
        results: Iterable[Any] | None = None,
        parent: ResultBase | None = None,
        **kwargs: Any,
    ) -> None:
        self.id = None if id is None else check_id("the id of a group", id)
        self.parent = parent
        super().__init__(() if results is None else results, **kwargs)

    def save(self, backend: Backend | None = None) -> GroupResult:
        """Store which results the group has, for `restore`."""
        return (backend or self.backend).save_group(str(self.id), self)

    def delete(self, backend: Backend | None = None) -> None:
        """Delete what `save` stored."""
        (backend or self.backend).delete_group(str(self.id))

    @classmethod
    def restore(
        cls, id: str, backend: Backend | None = None, app: Application | None = None
    ) -> GroupResult | None:
        """Return the group that was saved under an id; None if there is none."""
        return (backend or app_or_default(app).backend).restore_group(id)

    def as_tuple(self) -> tuple[Any, Any]:
        """Return `((id, parent), members)`."""
        above = self.parent and self.parent.as_tuple()
        return (self.id, above), [result.as_tuple() for result in self.results]

    def __bool__(self) -> bool:
        return bool(self.id or self.results)

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.id} [{', '.join(map(str, self.results))}]>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, GroupResult):
            return (
                other.id == self.id
                and other.results == self.results
                and other.parent == self.parent
            )
        if isinstance(other, str):
            return other == self.id
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.id, self.results)


class GroupResults:
    """`app.GroupResult`: the results of groups of one application.

    Args:
        app: The application.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    def __call__(
        self, id: str | None = None, results: Iterable[Any] | None = None, **kwargs: Any
    ) -> GroupResult:
        """Return the results of a group, by its id."""
        return GroupResult(id, results, app=self._app, **kwargs)

    def restore(self, id: str, backend: Backend | None = None) -> GroupResult | None:
        """Return the group that was saved under an id; None if there is none."""
        return GroupResult.restore(id, backend, self._app)
