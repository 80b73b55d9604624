"""Modules and names that taskhub-compat offers under `celery`; tests/house compares the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ("SUPPORTED",)

_NAMES: Final[Mapping[str, str]] = {
    "celery": (
        "Celery SERIES Signature Task VERSION __version__ _state app apps backends beat bin "
        "bootsteps bugreport canvas chain chord chunks concurrency contrib current_app "
        "current_task events exceptions group loaders local maybe_patch_concurrency "
        "maybe_signature platforms registry result schedules shared_task signals signature states "
        "subtask utils uuid version_info version_info_t worker xmap xstarmap"
    ),
    "celery._state": (
        "_set_task_join_will_block app_or_default connect_on_app_finalize current_app "
        "current_task default_app disable_trace enable_trace get_current_app get_current_task "
        "get_current_worker_task pop_current_task push_current_task set_default_app "
        "task_join_will_block"
    ),
    "celery.app": (
        "Celery amqp app_or_default autoretry backends base bugreport control default_app "
        "defaults disable_trace enable_trace events log pop_current_task push_current_task "
        "registry set_default_app shared_task task trace utils"
    ),
    "celery.app.amqp": "AMQP Exchange Queue Queues",
    "celery.app.autoretry": "add_autoretry_behaviour",
    "celery.app.backends": "BACKEND_ALIASES by_name by_url",
    "celery.app.base": "App Celery",
    "celery.app.control": "Control Inspect flatten_reply",
    "celery.app.defaults": (
        "DEFAULTS DEFAULT_ACCEPT_CONTENT DEFAULT_POOL DEFAULT_PROCESS_LOG_FMT "
        "DEFAULT_TASK_LOG_FMT NAMESPACES Option SETTING_KEYS find flatten searchresult"
    ),
    "celery.app.events": "Events",
    "celery.app.log": "Logging TaskFormatter",
    "celery.app.registry": "TaskRegistry",
    "celery.app.task": "BaseTask Context Task",
    "celery.app.trace": (
        "EXCEPTION_STATES FAILURE IGNORED IGNORE_STATES REJECTED RETRY STARTED SUCCESS TraceInfo "
        "build_tracer get_task_name reset_worker_optimizations setup_worker_optimizations "
        "task_has_custom trace_ok_t"
    ),
    "celery.app.utils": "DEFAULTS SETTING_KEYS Settings appstr bugreport find_app",
    "celery.apps": "beat worker",
    "celery.apps.beat": "Beat",
    "celery.apps.worker": "Worker",
    "celery.backends": "base redis",
    "celery.backends.base": (
        "Backend BaseBackend BaseDictBackend BaseKeyValueStoreBackend DisabledBackend "
        "KeyValueStoreBackend get_current_task states"
    ),
    "celery.backends.redis": "RedisBackend SentinelBackend",
    "celery.beat": (
        "BeatLazyFunc DEFAULT_MAX_INTERVAL PersistentScheduler ScheduleEntry Scheduler "
        "SchedulingError Service"
    ),
    "celery.bin": "base celery list multi worker",
    "celery.bin.base": (
        "CLIContext COMMA_SEPARATED_LIST CeleryCommand CeleryDaemonCommand CeleryOption "
        "CommaSeparatedList ISO8601 ISO8601DateTime ISO8601DateTimeOrFloat ISO8601_OR_FLOAT "
        "JSON_ARRAY JSON_OBJECT JsonArray JsonObject LOG_LEVEL LogLevel handle_preload_options"
    ),
    "celery.bin.celery": "main",
    "celery.bin.list": "bindings list_",
    "celery.bin.multi": "multi",
    "celery.bin.worker": "",
    "celery.bootsteps": "Blueprint CLOSE ConsumerStep RUN StartStopStep Step TERMINATE",
    "celery.canvas": (
        "Signature StampingVisitor _chain _chord chain chord chunks group maybe_signature "
        "maybe_subtask signature subtask xmap xstarmap"
    ),
    "celery.concurrency": "ALIASES get_available_pool_names get_implementation",
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
    "celery.events": (
        "Event EventDispatcher EventReceiver dispatcher event event_exchange get_exchange "
        "group_from receiver state"
    ),
    "celery.events.dispatcher": "EventDispatcher",
    "celery.events.event": "EVENT_EXCHANGE_NAME Event event_exchange get_exchange group_from",
    "celery.events.receiver": "EventReceiver",
    "celery.events.state": (
        "HEARTBEAT_DRIFT_MAX HEARTBEAT_EXPIRE_WINDOW State TASK_EVENT_TO_STATE Task Worker "
        "heartbeat_expires"
    ),
    "celery.exceptions": (
        "AlreadyRegistered AlwaysEagerIgnored BackendError BackendGetMetaError BackendStoreError "
        "CDeprecationWarning CPendingDeprecationWarning CeleryCommandException CeleryError "
        "CeleryWarning ChordError ConfigurationWarning ContentDisallowed DecodeError "
        "DuplicateNodenameWarning DuplicateTaskNameWarning EncodeError FixupWarning Ignore "
        "ImproperlyConfigured IncompleteStream InvalidTaskError KombuError "
        "MaxRetriesExceededError NotConfigured NotRegistered OperationalError QueueNotFound "
        "Reject Retry RetryTaskError SecurityError SecurityWarning SerializationError "
        "SerializerNotInstalled SoftTimeLimitExceeded SystemTerminate TaskError TaskPredicate "
        "TaskRevokedError Terminated TimeLimitExceeded TimeoutError WorkerLostError "
        "WorkerShutdown WorkerTerminate reraise"
    ),
    "celery.loaders": "LOADER_ALIASES app base default get_loader_cls",
    "celery.loaders.app": "AppLoader",
    "celery.loaders.base": "BaseLoader autodiscover_tasks find_related_module",
    "celery.loaders.default": "DEFAULT_CONFIG_MODULE Loader",
    "celery.local": "PromiseProxy Proxy class_property maybe_evaluate reclassmethod try_import",
    "celery.platforms": (
        "EX_CANTCREAT EX_FAILURE EX_OK EX_UNAVAILABLE EX_USAGE IS_WINDOWS LockFailed PIDFile "
        "Pidfile SYSTEM Signals check_privileges create_pidlock get_errno_name get_fdmax "
        "ignore_errno isatty pyimplementation set_mp_process_title set_process_title signal_name "
        "signals strargv"
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
        "eventlet_pool_postshutdown eventlet_pool_preshutdown eventlet_pool_started "
        "heartbeat_sent import_modules setup_logging task_failure task_internal_error "
        "task_postrun task_prerun task_received task_rejected task_retry task_revoked task_sent "
        "task_success task_unknown user_preload_options worker_before_create_process worker_init "
        "worker_process_init worker_process_shutdown worker_ready worker_shutdown "
        "worker_shutting_down"
    ),
    "celery.states": (
        "ALL_STATES EXCEPTION_STATES FAILURE IGNORED PENDING PRECEDENCE PROPAGATE_STATES "
        "READY_STATES RECEIVED REJECTED RETRY REVOKED STARTED SUCCESS UNREADY_STATES precedence "
        "state"
    ),
    "celery.utils": (
        "LOG_LEVELS abstract annotations cached_property chunks collections debug deprecated "
        "dispatch functional gen_task_name gen_unique_id get_cls_by_name get_full_cls_name graph "
        "import_from_cwd imports instantiate iso8601 log memoize nodename nodenames nodesplit "
        "noop objects saferepr serialization sysinfo term text threads time timer2 uuid "
        "worker_direct"
    ),
    "celery.utils.abstract": "CallableSignature CallableTask",
    "celery.utils.annotations": (
        "annotation_is_class annotation_issubclass get_optional_arg is_none_type"
    ),
    "celery.utils.collections": (
        "AttributeDict AttributeDictMixin ChainMap DictAttribute LimitedSet OrderedDict "
        "force_mapping lpmerge"
    ),
    "celery.utils.debug": "cry hfloat humanbytes mem_rss ps",
    "celery.utils.deprecated": "Callable Property warn",
    "celery.utils.dispatch": "Signal",
    "celery.utils.functional": (
        "DummyContext LRUCache arity_greater chunks dictfilter evaluate_promises first "
        "firstmethod fun_accepts_kwargs fun_takes_argument head_from_fun is_list is_numeric_value "
        "lazy lookahead mattrgetter maybe maybe_evaluate maybe_list memoize mlazy noop padlist "
        "pass1 regen seq_concat_item seq_concat_seq uniq"
    ),
    "celery.utils.graph": "CycleError DependencyGraph",
    "celery.utils.imports": (
        "NotAPackage cwd_in_path find_module gen_task_name import_from_cwd instantiate "
        "load_extension_classes module_file qualname reload_from_cwd symbol_by_name"
    ),
    "celery.utils.iso8601": "parse_iso8601",
    "celery.utils.log": (
        "ColorFormatter LOG_LEVELS base_logger get_logger get_task_logger mlevel task_logger "
        "worker_logger"
    ),
    "celery.utils.nodenames": (
        "NODENAME_DEFAULT NODENAME_SEP WORKER_DIRECT_EXCHANGE WORKER_DIRECT_QUEUE_FORMAT "
        "anon_nodename default_nodename gethostname host_format node_format nodename nodesplit "
        "worker_direct"
    ),
    "celery.utils.objects": "Bunch FallbackContext getitem_property mro_lookup",
    "celery.utils.saferepr": "saferepr",
    "celery.utils.serialization": (
        "STRTOBOOL_DEFAULT_TABLE UnpickleableExceptionWrapper b64decode b64encode "
        "create_exception_cls ensure_serializable find_pickleable_exception get_pickleable_etype "
        "get_pickleable_exception get_pickled_exception itermro jsonify raise_with_context "
        "strtobool subclass_exception unwanted_base_classes"
    ),
    "celery.utils.sysinfo": "df load_average",
    "celery.utils.term": "colored",
    "celery.utils.text": (
        "RE_FORMAT WhateverIO abbr abbrtask dedent dedent_initial ensure_sep fill_paragraphs "
        "indent join pluralize pretty remove_repeating remove_repeating_from_task simple_format "
        "str_to_list truncate"
    ),
    "celery.utils.threads": "Local LocalStack bgThread default_socket_timeout get_ident",
    "celery.utils.time": (
        "DAYNAMES LocalTimezone MONTHNAMES WEEKDAYS YEARMONTHS add_seconds_to_datetime "
        "adjust_timestamp delta_resolution ffwd get_exponential_backoff_interval humanize_seconds "
        "is_naive localize make_aware maybe_iso8601 maybe_make_aware maybe_timedelta rate "
        "remaining subtract_datetimes timezone to_utc utcoffset weekday yearmonth"
    ),
    "celery.utils.timer2": "Entry Timer",
    "celery.worker": "WorkController consumer control request state worker",
    "celery.worker.consumer": "Consumer consumer",
    "celery.worker.consumer.consumer": "Consumer",
    "celery.worker.control": "Panel control_command inspect_command nok ok",
    "celery.worker.request": "Request",
    "celery.worker.state": (
        "SOFTWARE_INFO active_requests all_total_count requests reserved_requests revoked "
        "scheduled_requests task_accepted task_ready task_reserved task_scheduled total_count"
    ),
    "celery.worker.worker": "WorkController",
}

#: Module -> the names in it.
SUPPORTED: Final[Mapping[str, frozenset[str]]] = {
    module: frozenset(names.split()) for module, names in _NAMES.items()
}
