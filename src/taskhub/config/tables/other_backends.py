"""Settings of Redis results, and of what taskhub does not have: other backends, signing, events."""

from __future__ import annotations

from taskhub.config.setting import (
    ANY,
    BOOLEAN,
    BYTES,
    FLOAT,
    INTEGER,
    MAPPING,
    TEXT,
    Setting,
    honoured,
    without_effect,
)

__all__ = ("SETTINGS",)

_CONNECTIONS = "The engine sets up its connections for what each is used for."
_IN_URL = "Write it into the URL in result_backend."
_STREAM = "Commands travel in a stream of the store; there is nothing to declare."
_NO_EVENTS = "Events are entries of one stream in the store: see event_stream_length."
_NO_SIGNED_MESSAGES = "Messages are not signed: protect the store by TLS and a password."
_OTHER_BACKEND = "Results are kept in Redis or Valkey."

SETTINGS: tuple[Setting, ...] = (
    without_effect("cache_backend", None, ANY, _OTHER_BACKEND, old="CELERY_CACHE_BACKEND"),
    without_effect(
        "cache_backend_options", {}, MAPPING, _OTHER_BACKEND, old="CELERY_CACHE_BACKEND_OPTIONS"
    ),
    without_effect("cassandra_entry_ttl", None, FLOAT, _OTHER_BACKEND),
    without_effect("cassandra_keyspace", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_port", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_read_consistency", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_servers", None, ANY, _OTHER_BACKEND),
    without_effect("cassandra_bundle_path", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_table", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_write_consistency", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_auth_provider", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_auth_kwargs", None, TEXT, _OTHER_BACKEND),
    without_effect("cassandra_options", {}, MAPPING, _OTHER_BACKEND),
    without_effect("s3_access_key_id", None, TEXT, _OTHER_BACKEND),
    without_effect("s3_secret_access_key", None, TEXT, _OTHER_BACKEND),
    without_effect("s3_bucket", None, TEXT, _OTHER_BACKEND),
    without_effect("s3_base_path", None, TEXT, _OTHER_BACKEND),
    without_effect("s3_endpoint_url", None, TEXT, _OTHER_BACKEND),
    without_effect("s3_region", None, TEXT, _OTHER_BACKEND),
    without_effect("azureblockblob_container_name", "celery", TEXT, _OTHER_BACKEND),
    without_effect("azureblockblob_retry_initial_backoff_sec", 2, INTEGER, _OTHER_BACKEND),
    without_effect("azureblockblob_retry_increment_base", 2, INTEGER, _OTHER_BACKEND),
    without_effect("azureblockblob_retry_max_attempts", 3, INTEGER, _OTHER_BACKEND),
    without_effect("azureblockblob_base_path", "", TEXT, _OTHER_BACKEND),
    without_effect("azureblockblob_connection_timeout", 20, INTEGER, _OTHER_BACKEND),
    without_effect("azureblockblob_read_timeout", 120, INTEGER, _OTHER_BACKEND),
    without_effect("gcs_bucket", None, TEXT, _OTHER_BACKEND),
    without_effect("gcs_project", None, TEXT, _OTHER_BACKEND),
    without_effect("gcs_base_path", "", TEXT, _OTHER_BACKEND),
    without_effect("gcs_ttl", 0, FLOAT, _OTHER_BACKEND),
    honoured(
        "control_queue_ttl",
        300.0,
        FLOAT,
        "How long a command waits for workers that are away for a moment, seconds.",
    ),
    without_effect("control_queue_expires", 10.0, FLOAT, _STREAM),
    without_effect("control_queue_exclusive", True, BOOLEAN, _STREAM),
    without_effect("control_queue_durable", False, BOOLEAN, _STREAM),
    without_effect("control_exchange", "celery", TEXT, _STREAM),
    without_effect(
        "couchbase_backend_settings",
        None,
        MAPPING,
        _OTHER_BACKEND,
        old="CELERY_COUCHBASE_BACKEND_SETTINGS",
    ),
    without_effect(
        "arangodb_backend_settings",
        None,
        MAPPING,
        _OTHER_BACKEND,
        old="CELERY_ARANGODB_BACKEND_SETTINGS",
    ),
    without_effect(
        "mongodb_backend_settings",
        None,
        MAPPING,
        _OTHER_BACKEND,
        old="CELERY_MONGODB_BACKEND_SETTINGS",
    ),
    without_effect("cosmosdbsql_database_name", "celerydb", TEXT, _OTHER_BACKEND),
    without_effect("cosmosdbsql_collection_name", "celerycol", TEXT, _OTHER_BACKEND),
    without_effect("cosmosdbsql_consistency_level", "Session", TEXT, _OTHER_BACKEND),
    without_effect("cosmosdbsql_max_retry_attempts", 9, INTEGER, _OTHER_BACKEND),
    without_effect("cosmosdbsql_max_retry_wait_time", 30, INTEGER, _OTHER_BACKEND),
    without_effect(
        "event_queue_expires", 60.0, FLOAT, _NO_EVENTS, old="CELERY_EVENT_QUEUE_EXPIRES"
    ),
    without_effect("event_queue_ttl", 5.0, FLOAT, _NO_EVENTS, old="CELERY_EVENT_QUEUE_TTL"),
    without_effect(
        "event_queue_prefix", "celeryev", TEXT, _NO_EVENTS, old="CELERY_EVENT_QUEUE_PREFIX"
    ),
    without_effect(
        "event_queue_exclusive", True, BOOLEAN, _NO_EVENTS, old="CELERY_EVENT_QUEUE_EXCLUSIVE"
    ),
    without_effect(
        "event_queue_durable", False, BOOLEAN, _NO_EVENTS, old="CELERY_EVENT_QUEUE_DURABLE"
    ),
    without_effect("event_serializer", "json", TEXT, _NO_EVENTS, old="CELERY_EVENT_SERIALIZER"),
    without_effect("event_exchange", "celeryev", TEXT, _NO_EVENTS, old="CELERY_EVENT_EXCHANGE"),
    honoured(
        "redis_backend_use_ssl",
        None,
        ANY,
        "TLS options for the store of results, as broker_use_ssl.",
        old="CELERY_REDIS_BACKEND_USE_SSL",
    ),
    without_effect("redis_db", None, INTEGER, _IN_URL, old="CELERY_REDIS_DB"),
    without_effect("redis_host", None, TEXT, _IN_URL, old="CELERY_REDIS_HOST"),
    without_effect(
        "redis_max_connections", None, INTEGER, _CONNECTIONS, old="CELERY_REDIS_MAX_CONNECTIONS"
    ),
    without_effect("redis_username", None, TEXT, _IN_URL, old="CELERY_REDIS_USERNAME"),
    without_effect("redis_password", None, TEXT, _IN_URL, old="CELERY_REDIS_PASSWORD"),
    without_effect("redis_port", None, INTEGER, _IN_URL, old="CELERY_REDIS_PORT"),
    without_effect(
        "redis_socket_timeout", 120.0, FLOAT, _CONNECTIONS, old="CELERY_REDIS_SOCKET_TIMEOUT"
    ),
    without_effect(
        "redis_socket_connect_timeout",
        None,
        FLOAT,
        _CONNECTIONS,
        old="CELERY_REDIS_SOCKET_CONNECT_TIMEOUT",
    ),
    without_effect(
        "redis_retry_on_timeout", False, BOOLEAN, _CONNECTIONS, old="CELERY_REDIS_RETRY_ON_TIMEOUT"
    ),
    without_effect(
        "redis_socket_keepalive", False, BOOLEAN, _CONNECTIONS, old="CELERY_REDIS_SOCKET_KEEPALIVE"
    ),
    without_effect(
        "elasticsearch_retry_on_timeout",
        None,
        BOOLEAN,
        _OTHER_BACKEND,
        old="CELERY_ELASTICSEARCH_RETRY_ON_TIMEOUT",
    ),
    without_effect(
        "elasticsearch_max_retries",
        None,
        INTEGER,
        _OTHER_BACKEND,
        old="CELERY_ELASTICSEARCH_MAX_RETRIES",
    ),
    without_effect(
        "elasticsearch_timeout", None, FLOAT, _OTHER_BACKEND, old="CELERY_ELASTICSEARCH_TIMEOUT"
    ),
    without_effect(
        "elasticsearch_save_meta_as_text",
        True,
        BOOLEAN,
        _OTHER_BACKEND,
        old="CELERY_ELASTICSEARCH_SAVE_META_AS_TEXT",
    ),
    without_effect(
        "security_certificate", None, TEXT, _NO_SIGNED_MESSAGES, old="CELERY_SECURITY_CERTIFICATE"
    ),
    without_effect(
        "security_cert_store", None, TEXT, _NO_SIGNED_MESSAGES, old="CELERY_SECURITY_CERT_STORE"
    ),
    without_effect("security_key", None, TEXT, _NO_SIGNED_MESSAGES, old="CELERY_SECURITY_KEY"),
    without_effect(
        "security_key_password",
        None,
        BYTES,
        _NO_SIGNED_MESSAGES,
        old="CELERY_SECURITY_KEY_PASSWORD",
    ),
    without_effect(
        "security_digest", "sha256", TEXT, _NO_SIGNED_MESSAGES, old="CELERY_SECURITY_DIGEST"
    ),
    honoured(
        "database_url",
        None,
        ANY,
        "The database that result_backend = 'database' means; a URL of SQLAlchemy's.",
        old="CELERY_RESULT_DBURI",
    ),
    honoured(
        "database_engine_options",
        {"pool_pre_ping": True, "pool_recycle": 3600},
        MAPPING,
        "Options of SQLAlchemy's engine for results in a database (db+...).",
        old="CELERY_RESULT_ENGINE_OPTIONS",
    ),
    honoured(
        "database_engine_callback",
        None,
        ANY,
        "Called with that engine; a function, or its path.",
    ),
    without_effect(
        "database_short_lived_sessions",
        False,
        BOOLEAN,
        "Each row is written in a transaction of its own.",
        old="CELERY_RESULT_DB_SHORT_LIVED_SESSIONS",
    ),
    honoured("database_table_schemas", None, MAPPING, "The schema of the table, under 'task'."),
    honoured(
        "database_table_names",
        None,
        MAPPING,
        "The name of the table, under 'task'.",
        old="CELERY_RESULT_DB_TABLENAMES",
    ),
    honoured(
        "database_create_tables_at_setup",
        True,
        BOOLEAN,
        "Whether workers make the table if it is not there.",
    ),
)
