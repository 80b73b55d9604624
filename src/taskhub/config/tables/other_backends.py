"""Settings of Redis results, and of what taskhub does not have: other backends, signing, events."""

from __future__ import annotations

from taskhub.config.setting import ANY, BOOLEAN, FLOAT, MAPPING, Setting, honoured, without_effect

__all__ = ("SETTINGS",)

_CONNECTIONS = "The engine sets up its connections for what each is used for."
_IN_URL = "Write it into the URL in result_backend."
_STREAM = "Commands travel in a stream of the store; there is nothing to declare."
_NO_EVENTS = "Events are entries of one stream in the store: see event_stream_length."
_NO_SIGNED_MESSAGES = "Messages are not signed: protect the store by TLS and a password."
_OTHER_BACKEND = "Results are kept in Redis or Valkey."

SETTINGS: tuple[Setting, ...] = (
    *without_effect(
        _OTHER_BACKEND,
        cache_backend=None,
        cache_backend_options={},
        cassandra_entry_ttl=None,
        cassandra_keyspace=None,
        cassandra_port=None,
        cassandra_read_consistency=None,
        cassandra_servers=None,
        cassandra_bundle_path=None,
        cassandra_table=None,
        cassandra_write_consistency=None,
        cassandra_auth_provider=None,
        cassandra_auth_kwargs=None,
        cassandra_options={},
        s3_access_key_id=None,
        s3_secret_access_key=None,
        s3_bucket=None,
        s3_base_path=None,
        s3_endpoint_url=None,
        s3_region=None,
        azureblockblob_container_name="celery",
        azureblockblob_retry_initial_backoff_sec=2,
        azureblockblob_retry_increment_base=2,
        azureblockblob_retry_max_attempts=3,
        azureblockblob_base_path="",
        azureblockblob_connection_timeout=20,
        azureblockblob_read_timeout=120,
        gcs_bucket=None,
        gcs_project=None,
        gcs_base_path="",
        gcs_ttl=0,
        couchbase_backend_settings=None,
        arangodb_backend_settings=None,
        mongodb_backend_settings=None,
        cosmosdbsql_database_name="celerydb",
        cosmosdbsql_collection_name="celerycol",
        cosmosdbsql_consistency_level="Session",
        cosmosdbsql_max_retry_attempts=9,
        cosmosdbsql_max_retry_wait_time=30,
        elasticsearch_retry_on_timeout=None,
        elasticsearch_max_retries=None,
        elasticsearch_timeout=None,
        elasticsearch_save_meta_as_text=True,
    ),
    honoured(
        "control_queue_ttl",
        300.0,
        FLOAT,
        "How long a command waits for workers that are away for a moment, seconds.",
    ),
    *without_effect(
        _STREAM,
        control_queue_expires=10.0,
        control_queue_exclusive=True,
        control_queue_durable=False,
        control_exchange="celery",
    ),
    *without_effect(
        _NO_EVENTS,
        event_queue_expires=60.0,
        event_queue_ttl=5.0,
        event_queue_prefix="celeryev",
        event_queue_exclusive=True,
        event_queue_durable=False,
        event_serializer="json",
        event_exchange="celeryev",
    ),
    honoured(
        "redis_backend_use_ssl",
        None,
        ANY,
        "TLS options for the store of results, as broker_use_ssl.",
    ),
    *without_effect(
        _IN_URL,
        redis_db=None,
        redis_host=None,
        redis_username=None,
        redis_password=None,
        redis_port=None,
    ),
    *without_effect(
        _CONNECTIONS,
        redis_max_connections=None,
        redis_socket_timeout=120.0,
        redis_socket_connect_timeout=None,
        redis_retry_on_timeout=False,
        redis_socket_keepalive=False,
    ),
    *without_effect(
        _NO_SIGNED_MESSAGES,
        security_certificate=None,
        security_cert_store=None,
        security_key=None,
        security_key_password=None,
        security_digest="sha256",
    ),
    honoured(
        "database_url",
        None,
        ANY,
        "The database that result_backend = 'database' means; a URL of SQLAlchemy's.",
    ),
    honoured(
        "database_engine_options",
        {"pool_pre_ping": True, "pool_recycle": 3600},
        MAPPING,
        "Options of SQLAlchemy's engine for results in a database (db+...).",
    ),
    honoured(
        "database_engine_callback", None, ANY, "Called with that engine; a function, or its path."
    ),
    *without_effect(
        "Each row is written in a transaction of its own.", database_short_lived_sessions=False
    ),
    honoured("database_table_schemas", None, MAPPING, "The schema of the table, under 'task'."),
    honoured("database_table_names", None, MAPPING, "The name of the table, under 'task'."),
    honoured(
        "database_create_tables_at_setup",
        True,
        BOOLEAN,
        "Whether workers make the table if it is not there.",
    ),
)
