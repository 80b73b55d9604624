"""A store, real worker processes on it, and an application that calls them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest

from taskhub.app.app import Celery
from tests.support.faulty_proxy import FaultyProxy
from tests.support.servers import Server, start_valkey
from tests.support.workers import SupervisedSet, WorkerSet, until

PROGRAM = "tests.integration.worker.program"


class Journal:
    """The file in which tasks note what they do."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return self._path.parent

    @property
    def entries(self) -> list[list[Any]]:
        """What was noted: [time, process id, word, ...] each."""
        if not self._path.exists():
            return []
        lines = self._path.read_text("utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    @property
    def words(self) -> list[Any]:
        """The words after time and process: the word itself where there is only one."""
        return [entry[2] if len(entry) == 3 else tuple(entry[2:]) for entry in self.entries]

    def wait_for(self, count: int, timeout: float = 60.0) -> list[list[Any]]:
        """Wait until so many things were noted, and return them."""
        until(lambda: len(self.entries) >= count, f"{count} notes; there are {self.words}", timeout)
        return self.entries


class Stage:
    """An application of its own in a namespace of its own, and the worker sets that serve it."""

    def __init__(self, url: str, directory: Path, **settings: Any) -> None:
        self.directory = directory
        own = {
            "broker": url,
            "taskhub_namespace": uuid.uuid4().hex[:8],
            "task_unknown_grace": 0,
        }
        self.settings = {**own, **settings}
        self.app = Celery("tests", **self.settings, set_as_current=False)
        self.sets: list[WorkerSet] = []

    def workers(self, *, url: str | None = None, wait: bool = True, **options: Any) -> WorkerSet:
        """Start a worker set; `url` if it reaches the store by another way."""
        settings = {**self.settings, **({"broker": url} if url else {})}
        options.setdefault("name", f"worker-{len(self.sets)}")
        started = WorkerSet(PROGRAM, settings, self.directory, **options)
        self.sets.append(started)
        return started.start(wait=wait)

    def supervised(self, *arguments: str, **options: Any) -> SupervisedSet:
        """Start `taskhub worker` with these arguments."""
        wait = options.pop("wait", True)
        options.setdefault("name", f"worker-{len(self.sets)}")
        module = options.pop("module", PROGRAM)
        started = SupervisedSet(
            module, self.settings, self.directory, arguments=arguments, **options
        )
        self.sets.append(started)
        started.start(wait=wait)
        return started

    def send(self, name: str, *args: Any, **options: Any) -> Any:
        """Call a task; the arguments are strings where they are paths."""
        return self.app.send_task(name, [_plain(value) for value in args], **options)

    def native(self, actor: str, *args: Any, **options: Any) -> dramatiq.Message[Any]:
        """Return a message for a native actor."""
        kwargs = {name: _plain(value) for name, value in options.pop("kwargs", {}).items()}
        return dramatiq.Message(
            queue_name="default",
            actor_name=actor,
            args=tuple(_plain(value) for value in args),
            kwargs=kwargs,
            options=options,
        )

    def enqueue(self, message: dramatiq.Message[Any], delay: int | None = None) -> Any:
        """Send a message, and return its result."""
        self.app.broker.declare_queue(message.queue_name)
        self.app.broker.enqueue(message, delay=delay)
        return self.app.AsyncResult(message.message_id)

    def document(self, task_id: str) -> dict[str, Any] | None:
        """Return a stored result document."""
        (stored,) = self.app.engine.documents([task_id])
        return None if stored is None else json.loads(stored)

    def dead_letter(self, task_id: str) -> dict[str, Any] | None:
        """Return why a task became a dead letter; None: it did not."""
        for letter in self.app.engine.dead_letters(0, 1000):
            if letter.key == task_id:
                reason: dict[str, Any] = json.loads(letter.reason)
                return reason
        return None

    @property
    def held(self) -> dict[str, str]:
        """What all registered workers hold."""
        engine = self.app.engine
        return {key: token for name in engine.workers() for key, token in engine.held(name).items()}

    def wait_for_renewals(self) -> None:
        """Wait until every worker's lease was renewed once more: then the lease renewers are warm."""
        left = self.app.engine.workers()
        renewed: set[str] = set()

        def look() -> bool:
            for worker, now_left in self.app.engine.workers().items():
                if now_left > left.get(worker, now_left):
                    renewed.add(worker)
                left[worker] = now_left
            return renewed == set(left)

        until(look, "every lease to be renewed")

    @contextmanager
    def visit(self) -> Iterator[Stage]:
        """Yield a stage for one test with these workers and a client of its own, and settle it afterwards."""
        guest = Stage(self.settings["broker"], self.directory, **self.settings)
        guest.sets = self.sets
        try:
            yield guest
        finally:
            guest.settle()
            guest.app.engine.close()

    def settle(self) -> None:
        """Remove what waits, wait for the end of what runs, and see that no message is left for the next test."""
        engine = self.app.engine
        for name in engine.queues():
            engine.purge(name)

        def left() -> dict[str, Any]:
            queues = {name: count for name, count in engine.queues().items() if count.total}
            return {**queues, **self.held}

        until(lambda: not left(), "the messages of the test to be gone", 20.0)

    def close(self) -> None:
        """Stop the workers and the connections."""
        for started in self.sets:
            started.kill()
        self.app.engine.close()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Journal | Path) else value


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test, which may stop it."""
    with start_valkey(tmp_path) as running:
        yield running


@contextmanager
def shared_stage(directory: Path) -> Iterator[Stage]:
    """Yield a stage on a server of its own, whose workers tests share by `visit`."""
    with start_valkey(directory) as running:
        running.is_shared = True
        made = Stage(running.url, directory, task_default_queue="default")
        yield made
        made.close()


@pytest.fixture(scope="session")
def busy_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage whose worker set runs for all tests that only have tasks run."""
    with shared_stage(tmp_path_factory.mktemp("busy")) as stage:
        stage.workers(threads=4)
        yield stage


@pytest.fixture
def busy(busy_workers: Stage) -> Iterator[Stage]:
    """The stage with running workers, where no message of another test is."""
    with busy_workers.visit() as stage:
        yield stage


@pytest.fixture
def stage(server: Server, tmp_path: Path) -> Iterator[Stage]:
    """An empty stage."""
    made = Stage(server.url, tmp_path, task_default_queue="default")
    yield made
    made.close()


@pytest.fixture
def make_stage(server: Server, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a function that makes a stage with settings of its own."""
    made: list[Stage] = []

    def make(url: str | None = None, **settings: Any) -> Stage:
        settings.setdefault("task_default_queue", "default")
        made.append(Stage(url or server.url, tmp_path, **settings))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Where tasks note what they do."""
    return Journal(tmp_path / "journal")


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultyProxy]:
    """A proxy before the server."""
    with FaultyProxy(server.port) as running:
        yield running


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return sorted(values)[len(values) // 2]
