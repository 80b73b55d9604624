"""Prints every setting, and what a configuration makes of given sources."""

import json
import os
import sys
import warnings
from types import SimpleNamespace

warnings.simplefilter("ignore")

if sys.argv[1] == "taskhub":
    from taskhub.config.configuration import Configuration
    from taskhub.config.settings import OLD_NAMES, SETTINGS

    table = {name: [repr(item.default), OLD_NAMES[name]] for name, item in SETTINGS.items()}

    def new(arguments, changes):
        conf = Configuration(changes, arguments=arguments)
        return conf, conf
else:
    from celery import Celery
    from celery.app.defaults import _TO_OLD_KEY, DEFAULTS

    table = {name: [repr(value), _TO_OLD_KEY[name]] for name, value in DEFAULTS.items()}

    def new(arguments, changes):
        app = Celery("t", set_as_current=False, changes=dict(changes), **arguments)
        return app, app.conf


def outcome(case):
    arguments = {}
    for name, value in case.get("arguments", {}).items():
        if sys.argv[1] == "taskhub":
            name = {"broker": "broker_url", "backend": "result_backend"}.get(name, name)
        arguments[name] = value
    os.environ.update(case.get("environment", {}))
    try:
        app, conf = new(arguments, case.get("changes", {}))
        for name, value in case.get("before", {}).items():
            conf[name] = value
        if "source" in case:
            source = case["source"]
            if case.get("object"):
                source = SimpleNamespace(**source)
            app.config_from_object(source, namespace=case.get("namespace"))
        if "defaults" in case:
            app.add_defaults(lambda: case["defaults"])
        if sys.argv[1] == "celery":
            conf.finalize()
            conf = app.conf
        else:
            len(conf)
        conf.update(case.get("after", {}))
        return [repr(getattr(conf, name)) for name in case["ask"]]
    except Exception as error:
        return type(error).__name__
    finally:
        for name in case.get("environment", {}):
            del os.environ[name]


json.dump(
    {"table": table, "outcomes": [outcome(case) for case in json.load(sys.stdin)]}, sys.stdout
)
