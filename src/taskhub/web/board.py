"""State shared by all requests to a dashboard: app, authentication, view of the store, jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskhub.web.auth.roles import Role, allows

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.web.actions.jobs import Jobs
    from taskhub.web.auth.authenticator import Authenticator
    from taskhub.web.auth.user import User
    from taskhub.web.queries.store_view import StoreView

__all__ = ("Board",)


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard.

    Args:
        app: Whose tasks it shows.
        title: Name that stands beside the product's.
        authenticator: Finds the user of a request.
        needed: Role of each action.
        store: Reads the store.
        jobs: Actions on all that match.
    """

    app: Celery
    title: str
    authenticator: Authenticator
    needed: Mapping[str, Role]
    store: StoreView
    jobs: Jobs

    def allows(self, user: User | None, action: str) -> bool:
        """Whether somebody may do something."""
        return user is not None and allows(user.role, self.needed[action])
