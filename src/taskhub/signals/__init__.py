"""Signals under Celery's names and with Celery's arguments.

Receivers are called with `signal`, `sender` and the arguments named here. docs/guide.md describes
when and in which process each is sent.
"""

from __future__ import annotations

from taskhub.signals.signal import Signal

__all__ = [
    "Signal",
    "after_setup_logger",
    "after_setup_task_logger",
    "after_task_publish",
    "beat_embedded_init",
    "beat_init",
    "before_task_publish",
    "celeryd_after_setup",
    "celeryd_init",
    "eventlet_pool_apply",
    "eventlet_pool_postshutdown",
    "eventlet_pool_preshutdown",
    "eventlet_pool_started",
    "heartbeat_sent",
    "import_modules",
    "setup_logging",
    "task_failure",
    "task_internal_error",
    "task_postrun",
    "task_prerun",
    "task_received",
    "task_rejected",
    "task_retry",
    "task_revoked",
    "task_sent",
    "task_success",
    "task_unknown",
    "user_preload_options",
    "worker_before_create_process",
    "worker_init",
    "worker_process_init",
    "worker_process_shutdown",
    "worker_ready",
    "worker_shutdown",
    "worker_shutting_down",
]


def _signal(name: str, *arguments: str) -> Signal:
    return Signal(arguments, name=name)


# -- calls: in the process that makes the call. The sender is the name of the task.

before_task_publish = _signal(
    "before_task_publish",
    *("body", "exchange", "routing_key", "headers", "properties", "declare", "retry_policy"),
)
after_task_publish = _signal("after_task_publish", "body", "exchange", "routing_key")
#: Celery deprecates it for `after_task_publish`.
task_sent = _signal("task_sent", "task_id", "task", "args", "kwargs", "eta", "taskset")

# -- executions: in the worker process and, from task_prerun to task_postrun, in the thread that
# runs the task. The sender is the task; of task_received, task_rejected and task_unknown, the
# worker.

task_received = _signal("task_received", "request")
task_prerun = _signal("task_prerun", "task_id", "task", "args", "kwargs")
task_postrun = _signal("task_postrun", "task_id", "task", "args", "kwargs", "retval")
task_success = _signal("task_success", "result", "runtime")
task_retry = _signal("task_retry", "request", "reason", "einfo")
task_failure = _signal(
    "task_failure", "task_id", "exception", "args", "kwargs", "traceback", "einfo"
)
task_internal_error = _signal(
    "task_internal_error",
    *("task_id", "args", "kwargs", "request", "exception", "traceback", "einfo"),
)
task_revoked = _signal("task_revoked", "request", "terminated", "signum", "expired")
task_rejected = _signal("task_rejected", "message", "exc")
task_unknown = _signal("task_unknown", "message", "exc", "name", "id")

# -- the worker: in each of its processes. The sender is the worker or, where Celery has it so, its
# node's name.

celeryd_init = _signal("celeryd_init", "instance", "conf", "options")
celeryd_after_setup = _signal("celeryd_after_setup", "instance", "conf")
import_modules = _signal("import_modules")
worker_init = _signal("worker_init")
worker_before_create_process = _signal("worker_before_create_process")
worker_process_init = _signal("worker_process_init")
worker_ready = _signal("worker_ready")
heartbeat_sent = _signal("heartbeat_sent")
worker_shutting_down = _signal("worker_shutting_down")
worker_process_shutdown = _signal("worker_process_shutdown")
worker_shutdown = _signal("worker_shutdown")

# -- logging: in each worker process, and wherever `app.log.setup` is called.

setup_logging = _signal("setup_logging", "loglevel", "logfile", "format", "colorize")
after_setup_logger = _signal(
    "after_setup_logger", "logger", "loglevel", "logfile", "format", "colorize"
)
after_setup_task_logger = _signal(
    "after_setup_task_logger", "logger", "loglevel", "logfile", "format", "colorize"
)

# -- the scheduler.

beat_init = _signal("beat_init")
beat_embedded_init = _signal("beat_embedded_init")

# -- never sent: there are no pools of green threads, and apps have no options of their own on the
# command line. They can be connected to, as in Celery.

user_preload_options = _signal("user_preload_options", "app", "options")
eventlet_pool_started = _signal("eventlet_pool_started")
eventlet_pool_preshutdown = _signal("eventlet_pool_preshutdown")
eventlet_pool_postshutdown = _signal("eventlet_pool_postshutdown")
eventlet_pool_apply = _signal("eventlet_pool_apply", "target", "args", "kwargs")
