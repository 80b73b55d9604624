"""Roles, and which role each action needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeGuard, get_args

from taskhub.exceptions import ImproperlyConfigured

__all__ = ("ACTIONS", "Role", "allows", "check_role", "highest_role", "needed_roles")

#: From the lowest to the highest; each may what those before it may.
Role = Literal["viewer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

#: Role that each action needs unless `dashboard(roles=...)` says otherwise.
ACTIONS: Final[Mapping[str, Role]] = MappingProxyType(
    {
        "tasks.retry": "operator",
        "tasks.edit": "operator",
        "tasks.revoke": "operator",
        "tasks.terminate": "operator",
        "tasks.delete": "operator",
        "queues.pause": "operator",
        "queues.resume": "operator",
        "queues.purge": "admin",
        "queues.forget": "operator",
        "workers.drain": "operator",
        "workers.resume": "operator",
        "workers.stop": "admin",
        "workers.grow": "operator",
        "workers.shrink": "operator",
        "workers.add_queue": "operator",
        "workers.cancel_queue": "operator",
        "workers.replace": "operator",
        "schedule.run": "operator",
        "schedule.pause": "operator",
        "schedule.resume": "operator",
        "schedule.edit": "operator",
        "schedule.delete": "admin",
        "limits.change": "operator",
        "jobs.stop": "operator",
        "arguments.view": "operator",
        "audit.view": "operator",
        "settings.view": "operator",
    }
)


def is_role(name: str) -> TypeGuard[Role]:
    """Whether there is a role of this name."""
    return name in ROLES


def check_role(name: str, where: str) -> Role:
    """Return a role by its name.

    Args:
        name: The name.
        where: Who gave it, for the error.

    Raises:
        ImproperlyConfigured: There is no such role.
    """
    if not is_role(name):
        raise ImproperlyConfigured(
            f"{where}: there is no role {name!r}: it must be one of {', '.join(ROLES)}"
        )
    return name


def highest_role(roles: Iterable[str]) -> Role | None:
    """Return the highest of some roles; None: none of them is known."""
    known: list[Role] = [role for role in roles if is_role(role)]
    return max(known, key=ROLES.index) if known else None


def needed_roles(changes: Mapping[str, str] | None = None) -> Mapping[str, Role]:
    """Return which role each action needs.

    Args:
        changes: Actions whose roles differ from `ACTIONS`.

    Raises:
        ImproperlyConfigured: An action or a role is unknown.
    """
    needed: dict[str, Role] = dict(ACTIONS)
    for action, role in (changes or {}).items():
        if action not in ACTIONS:
            raise ImproperlyConfigured(
                f"roles: there is no action {action!r}: it must be one of {', '.join(ACTIONS)}"
            )
        needed[action] = check_role(role, f"roles: {action}")
    return MappingProxyType(needed)


def allows(role: Role | None, needed: Role) -> bool:
    """Whether a role may do what needs another one."""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)
