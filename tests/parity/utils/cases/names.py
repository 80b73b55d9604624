"""`celery.utils.nodenames`, `.serialization`, `.log` and `celery.app.defaults`."""

import datetime
import logging

from harness import module, outcome

nodenames = module("celery.utils.nodenames")
serialization = module("celery.utils.serialization")
log = module("celery.utils.log")
defaults = module("celery.app.defaults")


def nodes():
    direct = nodenames.worker_direct("w1@example.com")
    return [
        nodenames.nodename("w1", "example.com"),
        [list(nodenames.nodesplit(name)) for name in ("w1@example.com", "example.com", "a@b@c")],
        [nodenames.default_nodename(name) for name in ("w1@h", "@h")],
        nodenames.default_nodename("@h", "beat"),
        nodenames.anon_nodename("h").startswith("gen"),
        [direct.name, direct.exchange.name, direct.routing_key],
        nodenames.worker_direct(direct) is direct,
        nodenames.node_format("%n.%h.%d.%p.%i%I%%", "w1@sub.example.com"),
        nodenames.host_format("%n@%h", "sub.example.com"),
        nodenames.host_format("%x", "h", x="y"),
    ]


class Unpickleable(ValueError):
    def __init__(self, one, two):
        super().__init__(one)


def exceptions():
    made = serialization.create_exception_cls("Mine", "proj")
    wrapped = serialization.get_pickleable_exception(Unpickleable("a", "b"))
    return [
        [made.__name__, made.__module__, made.__bases__],
        serialization.subclass_exception("Own", KeyError, "proj").__bases__,
        [kind.__name__ for kind in serialization.itermro(KeyError, (Exception, object))],
        serialization.find_pickleable_exception(KeyError("x")),
        serialization.get_pickleable_exception(KeyError("x")),
        wrapped,
        type(serialization.get_pickled_exception(KeyError("x"))),
        serialization.get_pickleable_etype(KeyError),
        serialization.ensure_serializable([1, print], lambda value: [][value]) is not None,
    ]


def values():
    moment = datetime.datetime(2026, 3, 28, 12, 30, 45, 678912, tzinfo=datetime.UTC)
    return [
        serialization.b64encode("text"),
        serialization.b64encode(b"bytes"),
        serialization.b64decode("dGV4dA==").decode(),
        [serialization.strtobool(value) for value in ("yes", "OFF", "1", "false", 3, None)],
        outcome(serialization.strtobool, "maybe"),
        outcome(serialization.strtobool, "yes", {"no": False}),
        serialization.jsonify(
            {
                "moment": moment,
                "plain": moment.replace(tzinfo=None, microsecond=0),
                "day": moment.date(),
                "time": moment.time(),
                "delta": datetime.timedelta(1, 2),
                "list": (1, 2.5, None, "x"),
            }
        ),
        serialization.jsonify({"a": 1, "b": 2}, keyfilter=lambda name: name == "a"),
        serialization.jsonify([{1}], unknown_type_filter=str),
        outcome(serialization.jsonify, {"k": {1}}),
    ]


def loggers():
    plain = log.ColorFormatter("%(message)s", use_color=False)
    record = logging.makeLogRecord({"msg": "text", "levelno": logging.ERROR, "levelname": "ERROR"})
    return [
        [log.mlevel(level) for level in ("debug", "INFO", 30, None, 0)],
        outcome(log.mlevel, "nolevel"),
        [log.LOG_LEVELS[name] for name in ("ERROR", "FATAL", "WARN", 20)],
        plain.format(record),
        log.get_task_logger("proj.tasks").name,
        outcome(log.get_task_logger, "celery.task"),
    ]


def settings():
    found = defaults.find("default_queue", "task")
    return [
        [found.namespace, found.key, found.type.default],
        [defaults.find("broker_url").namespace, defaults.find("broker_url").key],
        defaults.find("concurrency").namespace,
        outcome(defaults.find, "no_such_setting"),
        defaults.NAMESPACES["worker"]["prefetch_multiplier"].default,
        defaults.NAMESPACES["enable_utc"].default,
        dict(defaults.flatten({"a": {"b": 1, "c": {"d": 2}}, "e": 3})),
        defaults.DEFAULTS["task_default_queue"],
    ]
