"""States and exceptions are Celery's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]

# Bases of what other libraries have under the same names, and what only we have.
OURS_ALONE = {
    *("AliasedError", "BilliardError", "ConfigurationWarning", "StoreRefused", "TransactionError")
}
# Celery's derives from click's ClickException; ours does not need click.
PLAIN = {"CeleryCommandException"}


def test_states(ours: Run, celerys: Run) -> None:
    assert ours("exception_classes.py")["states"] == celerys("exception_classes.py")["states"]


def test_every_exception_is_there_with_its_parents(ours: Run, celerys: Run) -> None:
    us, them = ours("exception_classes.py")["classes"], celerys("exception_classes.py")["classes"]

    assert set(us) - OURS_ALONE == set(them) - {"ClickException"}
    for name in set(us) - OURS_ALONE - PLAIN:
        parents = [parent for parent in us[name]["mro"] if parent not in OURS_ALONE]
        assert parents == them[name]["mro"], name


def test_instances_take_the_same_arguments_and_appear_the_same(ours: Run, celerys: Run) -> None:
    us, them = ours("exception_classes.py")["classes"], celerys("exception_classes.py")["classes"]

    for name in set(us) - OURS_ALONE:
        for call, made in us[name]["made"].items():
            assert comparable(name, made) == comparable(name, them[name]["made"][call]), (
                name,
                call,
            )


def comparable(name: str, made: Any) -> Any:
    # On purpose: our NotRegistered has its own words, and our Retry does not contain itself.
    if made != "refused" and name in {"NotRegistered", "Retry", "RetryTaskError", *PLAIN}:
        made.pop("repr")
    return made
