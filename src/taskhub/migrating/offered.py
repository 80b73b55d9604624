"""Every module and name that taskhub-compat offers under `celery`; tests/house compares it with the distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ("OFFERED",)

_NAMES: Final[Mapping[str, str]] = {
    "celery": (
        "Celery SERIES Signature Task VERSION __version__ app backends beat bugreport canvas chain "
        "chord chunks contrib current_app current_task events exceptions group maybe_signature "
        "registry result schedules shared_task signals signature states subtask utils uuid "
        "version_info version_info_t worker xmap xstarmap"
    ),
    "celery.app": (
        "Celery amqp app_or_default autoretry base bugreport control default_app defaults events "
        "log registry shared_task task utils"
    ),
    "celery.app.amqp": "AMQP Exchange Queue Queues",
    "celery.app.autoretry": "add_autoretry_behaviour",
    "celery.app.base": "Celery",
    "celery.app.control": "Control Inspect flatten_reply",
    "celery.app.defaults": (
        "DEFAULTS DEFAULT_ACCEPT_CONTENT DEFAULT_POOL DEFAULT_PROCESS_LOG_FMT DEFAULT_TASK_LOG_FMT "
        "NAMESPACES Option SETTING_KEYS find flatten searchresult"
    ),
    "celery.app.events": "Events",
    "celery.app.log": "Logging TaskFormatter",
    "celery.app.registry": "TaskRegistry",
    "celery.app.task": "Context Task",
    "celery.app.utils": "bugreport",
    "celery.backends": "base",
    "celery.backends.base": (
        "Backend BaseBackend BaseDictBackend BaseKeyValueStoreBackend DisabledBackend "
        "KeyValueStoreBackend states"
    ),
    "celery.beat": (
        "BeatLazyFunc DEFAULT_MAX_INTERVAL PersistentScheduler ScheduleEntry Scheduler "
        "SchedulingError Service"
    ),
    "celery.canvas": (
        "Signature StampingVisitor _chain _chord chain chord chunks group maybe_signature "
        "maybe_subtask signature subtask xmap xstarmap"
    ),
    "celery.contrib": "abortable django pytest testing",
    "celery.contrib.abortable": "ABORTED AbortableAsyncResult AbortableTask",
    "celery.contrib.django": "task",
    "celery.contrib.django.task": "DjangoTask",
    "celery.contrib.pytest": (
        "celery_app celery_class_tasks celery_config celery_enable_logging celery_includes "
        "celery_parameters celery_session_app celery_session_worker celery_worker "
        "celery_worker_parameters celery_worker_pool depends_on_current_app pytest_configure "
        "use_celery_app_trap"
    ),
    "celery.contrib.testing": "app manager tasks worker",
    "celery.contrib.testing.app": (
        "DEFAULT_TEST_CONFIG TestApp Trap UnitLogging set_trap setup_default_app"
    ),
    "celery.contrib.testing.manager": "Manager ManagerMixin Sentinel",
    "celery.contrib.testing.tasks": "ping",
    "celery.contrib.testing.worker": (
        "TestWorkController WORKER_LOGLEVEL setup_app_for_worker start_worker test_worker_started "
        "test_worker_starting test_worker_stopped"
    ),
    "celery.events": "EventDispatcher EventReceiver",
    "celery.exceptions": (
        "AlreadyRegistered AlwaysEagerIgnored BackendError BackendGetMetaError BackendStoreError "
        "CDeprecationWarning CPendingDeprecationWarning CeleryCommandException CeleryError "
        "CeleryWarning ChordError ConfigurationWarning ContentDisallowed DecodeError "
        "DuplicateNodenameWarning DuplicateTaskNameWarning EncodeError FixupWarning Ignore "
        "ImproperlyConfigured IncompleteStream InvalidTaskError KombuError MaxRetriesExceededError "
        "NotConfigured NotRegistered OperationalError QueueNotFound Reject Retry RetryTaskError "
        "SecurityError SecurityWarning SerializationError SerializerNotInstalled "
        "SoftTimeLimitExceeded SystemTerminate TaskError TaskPredicate TaskRevokedError Terminated "
        "TimeLimitExceeded TimeoutError WorkerLostError WorkerShutdown WorkerTerminate reraise"
    ),
    "celery.registry": "tasks",
    "celery.result": (
        "AsyncResult EagerResult GroupResult ResultBase ResultSet allow_join_result "
        "assert_will_not_block denied_join_result disable_sync_subtasks result_from_tuple "
        "task_join_will_block"
    ),
    "celery.schedules": (
        "BaseSchedule ParseException crontab crontab_parser maybe_schedule schedstate schedule "
        "solar"
    ),
    "celery.signals": (
        "Signal after_setup_logger after_setup_task_logger after_task_publish beat_embedded_init "
        "beat_init before_task_publish celeryd_after_setup celeryd_init eventlet_pool_apply "
        "eventlet_pool_postshutdown eventlet_pool_preshutdown eventlet_pool_started heartbeat_sent "
        "import_modules setup_logging task_failure task_internal_error task_postrun task_prerun "
        "task_received task_rejected task_retry task_revoked task_sent task_success task_unknown "
        "user_preload_options worker_before_create_process worker_init worker_process_init "
        "worker_process_shutdown worker_ready worker_shutdown worker_shutting_down"
    ),
    "celery.states": (
        "ALL_STATES EXCEPTION_STATES FAILURE IGNORED PENDING PRECEDENCE PROPAGATE_STATES "
        "READY_STATES RECEIVED REJECTED RETRY REVOKED STARTED SUCCESS UNREADY_STATES precedence "
        "state"
    ),
    "celery.utils": (
        "LOG_LEVELS dispatch gen_unique_id log nodename nodenames nodesplit serialization time "
        "uuid worker_direct"
    ),
    "celery.utils.dispatch": "Signal",
    "celery.utils.log": (
        "ColorFormatter LOG_LEVELS base_logger get_logger get_task_logger mlevel task_logger "
        "worker_logger"
    ),
    "celery.utils.nodenames": (
        "NODENAME_DEFAULT NODENAME_SEP WORKER_DIRECT_EXCHANGE WORKER_DIRECT_QUEUE_FORMAT "
        "anon_nodename default_nodename gethostname host_format node_format nodename nodesplit "
        "worker_direct"
    ),
    "celery.utils.serialization": (
        "STRTOBOOL_DEFAULT_TABLE UnpickleableExceptionWrapper b64decode b64encode "
        "create_exception_cls ensure_serializable find_pickleable_exception get_pickleable_etype "
        "get_pickleable_exception get_pickled_exception itermro jsonify raise_with_context "
        "strtobool subclass_exception unwanted_base_classes"
    ),
    "celery.utils.time": (
        "DAYNAMES LocalTimezone MONTHNAMES WEEKDAYS YEARMONTHS add_seconds_to_datetime "
        "adjust_timestamp delta_resolution ffwd get_exponential_backoff_interval humanize_seconds "
        "is_naive localize make_aware maybe_iso8601 maybe_make_aware maybe_timedelta rate "
        "remaining subtract_datetimes timezone to_utc utcoffset weekday yearmonth"
    ),
    "celery.worker": "control request state",
    "celery.worker.control": "Panel control_command inspect_command nok ok",
    "celery.worker.request": "Request",
    "celery.worker.state": (
        "SOFTWARE_INFO active_requests all_total_count requests reserved_requests revoked "
        "scheduled_requests task_accepted task_ready task_reserved task_scheduled total_count"
    ),
}

#: Module -> the names in it.
OFFERED: Final[Mapping[str, frozenset[str]]] = {
    module: frozenset(names.split()) for module, names in _NAMES.items()
}
