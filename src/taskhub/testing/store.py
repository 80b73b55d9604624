"""Apps that use a store of their own for a while, or none."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from taskhub.app import stores

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.engine.port.engine import Engine


@contextmanager
def private_store(app: Celery, directory: Path | None = None) -> Generator[Engine]:
    """Let an app use an empty store, whatever its settings say; yields that store.

    No worker of the app may run when the block begins; one may be started inside.

    Args:
        app: The app.
        directory: Where to start a real server, which other processes can use, too (needs the extra
            `embedded`); None: the store is in memory.

    Raises:
        ImproperlyConfigured: There is no server to start.
        OperationalError: It does not start.
    """
    with ExitStack() as held:
        url = "memory://"
        if directory is not None:
            from taskhub.engine.embedded import acquire

            server = acquire(directory)
            held.callback(server.close)
            url = server.url
        engine = stores.make_engine(app.conf, url)
        held.callback(engine.close)
        broker = app.broker
        before = app._engine, broker._engine
        app._engine = broker._engine = engine
        try:
            yield engine
        finally:
            app._engine, broker._engine = before


@contextmanager
def eager(app: Celery, propagates: bool = True) -> Generator[Celery]:
    """Let calls of an app's tasks run here and now, without any store or worker; yields the app.

    Args:
        app: The app.
        propagates: Whether a call raises what its task raises; otherwise its result holds it.
    """
    conf = app.conf
    before = {name: conf[name] for name in ("task_always_eager", "task_eager_propagates")}
    conf.update(task_always_eager=True, task_eager_propagates=propagates)
    try:
        yield app
    finally:
        conf.update(before)
