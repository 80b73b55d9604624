"""Addresses of brokers and stores of results."""

from __future__ import annotations

import re
from typing import Final

from taskhub.config.urls import mask_url, parse_store_url
from taskhub.exceptions import ImproperlyConfigured
from taskhub.migrating.finding import Finding, Findings, Level

__all__ = ("SETTINGS", "judge_text", "judge_url")

#: The settings that hold an address, and how Celery's users call them elsewhere.
SETTINGS: Final = {
    "broker_url": "broker_url",
    "broker_read_url": "broker_url",
    "broker_write_url": "broker_url",
    "result_backend": "result_backend",
}
#: Result backends by a name alone.
_NAMED: Final = frozenset(
    {"amqp", "arangodb", "azureblockblob", "cache", "cassandra", "consul", "cosmosdbsql", "couchbase", "couchdb",
     "database", "dynamodb", "elasticsearch", "file", "filesystem", "gs", "memcache", "mongodb", "rpc", "s3"}
)  # fmt: skip
_FOREIGN: Final = re.compile(
    r"(?i)\b(?P<scheme>amqps?|pyamqp|librabbitmq|sqs|rpc|db\+\w+|mongodb(?:\+srv)?|cassandra|couchbase|dynamodb"
    r"|elasticsearch|arangodb|azureblockblob|azurestoragequeues|azureservicebus|gcpubsub|confluentkafka|zookeeper"
    r"|django-db|cache\+memcached|s3|gs)://[^\s'\"`,;)}\]]*"
)
_ABOUT_CELERY: Final = re.compile(r"(?i)celery|broker|result_?backend")


def judge_url(setting: str, value: str, path: str, line: int) -> Findings:
    """Judge the address that a setting has."""
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
            Level.UNSUPPORTED,
            value,
            "results are kept in Redis or Valkey, not by django-celery-results",
            "set result_backend to a redis:// URL",
            path,
            line,
        )
        return
    # Celery takes the name of a backend alone.
    if value in _NAMED:
        value = f"{value}://"
    try:
        parse_store_url(value, setting=setting)
    except ImproperlyConfigured as error:
        masked = mask_url(value)
        what, _, advice = str(error).removeprefix(f"{setting}: {masked} ").rpartition(": ")
        scheme = value.partition("://")[0]
        yield Finding(
            Level.UNSUPPORTED, f"{setting} {scheme}://", f"{masked} {what}", advice, path, line
        )


def judge_text(text: str, path: str) -> Findings:
    """Judge the addresses in a file that is no Python: in lines that name Celery, a broker or a backend."""
    for number, line in enumerate(text.splitlines(), 1):
        if (
            len(line) > 2000
            or not _ABOUT_CELERY.search(line)
            or line.lstrip().startswith(("#", "//"))
        ):
            continue
        for match in _FOREIGN.finditer(line):
            setting = "result_backend" if re.search(r"(?i)backend", line) else "broker_url"
            yield from judge_url(setting, match[0], path, number)
