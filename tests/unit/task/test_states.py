"""States that tasks store themselves, outside of a worker."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub import Celery


def progress(backend: str | None) -> int:
    """Call a task directly that stores a state, in an app with a result backend."""
    app = Celery("states", broker="redis://127.0.0.1:1", backend=backend, set_as_current=False)

    @app.task(bind=True, name="states.step", shared=False)
    def step(self: Any, value: int) -> int:
        self.update_state(state="PROGRESS", meta={"done": value})
        return value

    # Its store is out of reach: nothing may be written.
    return step(3)


@pytest.mark.parametrize("backend", [None, "", "disabled", "disabled://"])
def test_a_direct_call_stores_no_state_without_a_result_backend(backend: str | None) -> None:
    assert progress(backend) == 3


def test_a_direct_call_needs_an_id_to_store_a_state() -> None:
    with pytest.raises(ValueError, match="task_id must not be empty"):
        progress("redis://127.0.0.1:1")
