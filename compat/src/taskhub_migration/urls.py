"""Addresses of brokers and stores of results."""

from __future__ import annotations

import re
from typing import Final

from taskhub.config.urls import mask_url, parse_store_url
from taskhub.exceptions import ImproperlyConfigured
from taskhub_migration.finding import Finding, Findings, Level

__all__ = ("SETTINGS", "evaluate_text", "evaluate_url")

#: The settings that hold an address, and how Celery's users call them elsewhere.
SETTINGS: Final = {
    "broker_url": "broker_url",
    "broker_read_url": "broker_url",
    "broker_write_url": "broker_url",
    "result_backend": "result_backend",
}
#: Result backends by a name alone.
_NAMED: Final = frozenset(
    {"amqp", "arangodb", "azureblockblob", "cache", "cassandra", "consul", "cosmosdbsql",
     "couchbase", "couchdb",
     "dynamodb", "elasticsearch", "file", "filesystem", "gs", "memcache", "mongodb", "rpc", "s3"}
)  # fmt: skip
_FOREIGN: Final = re.compile(
    r"(?i)\b(?P<scheme>amqps?|pyamqp|librabbitmq|sqs|rpc|db\+\w+|mongodb(?:\+srv)?|cassandra|couchbase|dynamodb"
    r"|elasticsearch|arangodb|azureblockblob|azurestoragequeues|azureservicebus|gcpubsub|confluentkafka|zookeeper"
    r"|django-db|cache\+memcached|s3|gs)://[^\s'\"`,;)}\]]*"
)
_ABOUT_CELERY: Final = re.compile(r"(?i)celery|broker|result_?backend")


def evaluate_url(setting: str, value: str, path: str, line: int) -> Findings:
    """Evaluate the address that a setting has."""
    if setting == "result_backend" and value in ("disabled", "disabled://"):
        yield Finding(
            Level.UNSUPPORTED,
            value,
            "results cannot be switched off as a whole by the URL",
            "set task_ignore_result = True",
            path,
            line,
        )
        return
    if setting == "result_backend" and value.partition("+")[0] in ("django-db", "django-cache"):
        yield Finding(
            Level.DIFFERS,
            value,
            "results are kept where the messages are; django-db's tables are written when a task "
            "ends",
            "read results as before, or from the tables; states before the end are not in them",
            path,
            line,
        )
        return
    if setting == "result_backend" and value.partition("+")[0] in ("db", "database"):
        yield Finding(
            Level.DIFFERS,
            "results in a database",
            "results are kept where the messages are; the table is written when a task ends, too",
            "nothing, unless saved groups, or states before the end, are read from the tables",
            path,
            line,
        )
        return
    # Celery takes the name of a backend alone.
    if value in _NAMED:
        value = f"{value}://"
    if "://" not in value and not value.startswith("/"):
        # The name of a section or an option, an alias, or something to be filled in.
        return
    try:
        parse_store_url(value, setting=setting)
    except ImproperlyConfigured as error:
        masked = mask_url(value)
        what, _, advice = str(error).removeprefix(f"{setting}: {masked} ").rpartition(": ")
        scheme = value.partition("://")[0]
        yield Finding(
            Level.UNSUPPORTED, f"{setting} {scheme}://", f"{masked} {what}", advice, path, line
        )


def evaluate_text(text: str, path: str) -> Findings:
    """Evaluate the addresses in lines of a text file that name Celery, a broker or a backend."""
    for number, line in enumerate(text.splitlines(), 1):
        if (
            len(line) > 2000
            or not _ABOUT_CELERY.search(line)
            or line.lstrip().startswith(("#", "//"))
        ):
            continue
        for match in _FOREIGN.finditer(line):
            setting = "result_backend" if re.search(r"(?i)backend", line) else "broker_url"
            yield from evaluate_url(setting, match[0], path, number)
