"""The import package `celery` holds names of Celery's, which take what Celery's take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from celery._unsupported import celery_names
from tests.support.parity import REPOSITORY, environment, oracle_python

SCRIPTS = Path(__file__).parent / "scripts"
SCRIPT = SCRIPTS / "names.py"
PACKAGE = REPOSITORY / "compat" / "src" / "celery"

#: Every module of the package, as one imports it.
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if not path.stem.startswith("_") or path.stem in ("__init__", "_state")
)

#: Names that Celery has elsewhere, or that are ours.
OURS = {
    "celery": {"exceptions", "schedules", "signals", "states", "subtask"},
    # Celery takes these from kombu.
    "celery.exceptions": {
        *("ConfigurationWarning", "ContentDisallowed", "DecodeError", "EncodeError", "KombuError"),
        *("SerializationError", "SerializerNotInstalled"),
    },
    # Celery has it in `celery._state` only.
    "celery.app": {"set_default_app"},
    "celery.result": {"disable_sync_subtasks"},
}

#: Parameters of Celery's that ours lack, and why that is no loss.
LACKING = {
    # Given by place wherever they are given.
    "maybe_patch_concurrency": {"patches"},
    "push_current_task": {"obj"},
    "Settings.add_defaults": {"d"},
    "Settings.pop": {"key"},
    "Settings.setdefault": {"key"},
    "Settings.value_set_for": {"key"},
    "ConsumerStep.start": {"c"},
    "ConsumerStep.stop": {"c"},
    "cached_property": {"fget", "fset", "fdel"},
    # Bound to what the function uses itself.
    "Task.event": {"RETRY", "precedence", "setattr", "task_event_to_state"},
    # No setting is deprecated, and a missing module of settings is always an error.
    "Settings": {"deprecated_settings"},
    "Loader.read_configuration": {"fail_silently"},
    # The URL says it.
    "RedisBackend": {"connection_pool", "db", "host", "max_connections", "password", "port"},
    "RedisBackend.add_pending_result": {"start_drainer"},
    "SentinelBackend.add_pending_result": {"start_drainer"},
    # Kombu's queues and exchanges have what AMQP knows; ours have what matters here.
    "Exchange": {"channel"},
    "Queue": {"channel", "bindings", "on_declared"},
    "Queues": {
        *("default_exchange", "create_missing_queue_type", "create_missing_queue_exchange_type"),
        *("autoexchange", "max_priority", "default_routing_key"),
    },
    # Made by the app, or by the worker.
    "Backend": {"max_cached_results", "expires_type"},
    "BaseBackend": {"max_cached_results", "expires_type"},
    "BaseDictBackend": {"max_cached_results", "expires_type"},
    "DisabledBackend": {"max_cached_results", "expires_type"},
    "Request": {
        *("message", "on_ack", "hostname", "eventer", "app", "connection_errors", "request_dict"),
        *("task", "on_reject", "body", "headers", "decoded", "utc", "maybe_make_aware"),
        "maybe_iso8601",
    },
    # Functions that Celery binds as defaults for speed.
    "gen_unique_id": {"_uuid"},
    "uuid": {"_uuid"},
    "PersistentScheduler.populate_heap": {"event_t", "heapify"},
    "PersistentScheduler.tick": {"event_t", "min", "heappop", "heappush"},
    "Scheduler.populate_heap": {"event_t", "heapify"},
    "Scheduler.tick": {"event_t", "min", "heappop", "heappush"},
    "task_accepted": {
        *("_all_total_count", "add_request", "add_active_request", "add_to_total_count"),
    },
    "task_ready": {
        *("remove_request", "discard_active_request", "discard_reserved_request"),
        "discard_scheduled_request",
    },
    "task_reserved": {"add_request", "add_reserved_request", "discard_scheduled_request"},
    "task_scheduled": {
        *("add_request", "add_scheduled_request", "all_reserved_requests", "all_active_requests"),
    },
    # It is stopped from the test's thread.
    "TestWorkController.stop": {"in_sighandler", "exitcode"},
    # It opens no remote control of its own.
    "Service": {"remote_control", "hostname"},
    # The standard library's name.
    **{f"LocalTimezone.{method}": {"dt"} for method in ("dst", "fromutc", "tzname", "utcoffset")},
}

#: What programs rely on: module -> the names that must be there.
LISTED = {
    "celery": "Celery shared_task Task chain chord group chunks xmap xstarmap signature maybe_signature current_app "
    "current_task uuid states __version__ VERSION",
    "celery.app": "app_or_default default_app",
    "celery.app.base": "Celery",
    "celery.app.task": "Task Context",
    "celery.app.control": "Control Inspect",
    "celery.app.defaults": "DEFAULTS NAMESPACES Option find flatten",
    "celery.app.registry": "TaskRegistry",
    "celery.app.amqp": "AMQP Queues",
    "celery.app.autoretry": "add_autoretry_behaviour",
    "celery.canvas": "Signature signature maybe_signature chain _chain group chord chunks xmap xstarmap "
    "StampingVisitor",
    "celery.result": "AsyncResult GroupResult ResultSet EagerResult ResultBase result_from_tuple allow_join_result "
    "disable_sync_subtasks denied_join_result",
    "celery.states": "PENDING RECEIVED STARTED SUCCESS FAILURE REVOKED RETRY IGNORED READY_STATES UNREADY_STATES "
    "EXCEPTION_STATES PROPAGATE_STATES ALL_STATES precedence state",
    "celery.exceptions": "Retry MaxRetriesExceededError Ignore Reject TimeoutError SoftTimeLimitExceeded "
    "TimeLimitExceeded TaskRevokedError NotRegistered AlreadyRegistered ImproperlyConfigured ChordError BackendError "
    "WorkerLostError Terminated OperationalError",
    "celery.schedules": "crontab schedule solar maybe_schedule ParseException",
    "celery.utils": "uuid gen_unique_id",
    "celery.utils.log": "get_task_logger get_logger",
    "celery.utils.time": "maybe_make_aware is_naive timezone",
    "celery.utils.nodenames": "nodename nodesplit worker_direct",
    "celery.utils.serialization": "b64encode b64decode jsonify",
    "celery.contrib.abortable": "AbortableTask AbortableAsyncResult",
    "celery.contrib.pytest": "celery_app celery_worker celery_config celery_includes celery_parameters "
    "celery_enable_logging celery_session_app celery_session_worker celery_worker_pool celery_worker_parameters "
    "use_celery_app_trap depends_on_current_app",
    "celery.contrib.testing.app": "TestApp",
    "celery.contrib.testing.worker": "start_worker",
    "celery.contrib.testing.manager": "Manager ManagerMixin",
    "celery.contrib.testing.tasks": "ping",
    "celery.worker.control": "control_command inspect_command Panel",
    "celery.worker.request": "Request",
    "celery.worker.state": "task_reserved active_requests revoked reserved_requests total_count",
    "celery.backends.base": "states BaseBackend KeyValueStoreBackend",
    "celery.beat": "ScheduleEntry PersistentScheduler Scheduler",
}


#: Modules that Celery does not have, or that need Django or pytest, which its environment has not.
_ONLY_OURS = ("celery.contrib.django.task", "celery.contrib.pytest")


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return described("taskhub")


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    return described("celery")


def described(library: str) -> dict[str, Any]:
    """Return what each module of a library holds."""
    interpreter = sys.executable if library == "taskhub" else str(oracle_python())
    modules = (
        MODULES if library == "taskhub" else [name for name in MODULES if name not in _ONLY_OURS]
    )
    done = subprocess.run(
        [interpreter, str(SCRIPT), library, *modules],
        capture_output=True,
        text=True,
        env=environment(library),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("module", LISTED)
def test_every_listed_name_is_there(module: str, ours: dict[str, Any]) -> None:
    assert set(LISTED[module].split()) <= set(ours[module])


@pytest.mark.parametrize("module", [name for name in MODULES if name not in _ONLY_OURS])
def test_names_are_celerys_and_take_what_celerys_take(
    module: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    own = {name for name in ours[module] if "." not in name} - set(theirs[module])
    assert own == OURS.get(module, set())
    lacking = {
        name: missing
        for name, parameters in theirs[module].items()
        if name in ours[module] and (missing := _missing(ours[module][name], parameters))
    }
    assert lacking == {name: LACKING[name] for name in lacking if name in LACKING}


def _missing(ours: list[str] | None, theirs: list[str] | None) -> set[str]:
    if ours is None or theirs is None or "**" in ours:
        return set()
    return {name for name in theirs if name not in ours and name not in ("*", "**")}


def test_what_celerys_modules_import_is_listed() -> None:
    done = subprocess.run(
        [str(oracle_python()), str(SCRIPTS / "imported_names.py"), *celery_names()],
        capture_output=True,
        text=True,
        env=environment("celery"),
        check=True,
    )
    listed = (PACKAGE / "_imported_names.txt").read_text("utf-8").splitlines()
    assert [line for line in listed if not line.startswith("#")] == done.stdout.splitlines()
