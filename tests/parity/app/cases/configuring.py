"""The configuration, as programs reach it through the app."""

import os
import sys
import types

from harness import Celery, new_app, outcome, shown


def arguments():
    app = Celery(
        "proj", broker="memory://", include=["a", "b"], task_serializer="yaml", timezone="Asia/Shanghai",
        task_default_queue="q", result_expires=60, changes={"task_ignore_result": True},
    )  # fmt: skip
    conf = app.conf
    return [
        app.main, conf.broker_url, conf.include, conf.task_serializer, conf.timezone, conf.task_default_queue,
        conf.result_expires, conf.task_ignore_result, str(app.timezone), app.now().utcoffset().total_seconds(),
    ]  # fmt: skip


def ways_to_set():
    app = new_app()
    app.conf.task_serializer = "yaml"
    app.conf["result_serializer"] = "pickle"
    app.conf.update(task_default_queue="mine", timezone="UTC")
    app.conf.update({"task_track_started": True})
    return [
        app.conf.task_serializer, app.conf["result_serializer"], app.conf.task_default_queue,
        app.conf.get("timezone"), app.conf.get("nothing", 5), "task_serializer" in app.conf,
        app.conf.task_track_started, app.conf.CELERY_TASK_SERIALIZER, outcome(lambda: app.conf.nothing)["raises"],
        outcome(lambda: app.conf["nothing"])["raises"],
    ]  # fmt: skip


def from_objects():
    class Settings:
        task_serializer = "yaml"
        timezone = "Europe/Paris"
        UNKNOWN = 3

    module = types.ModuleType("proj_settings")
    module.CELERY_TASK_SERIALIZER = "pickle"
    module.CELERY_TIMEZONE = "Asia/Tokyo"
    module.DEBUG = True
    sys.modules["proj_settings"] = module
    one, two, three, four = new_app(), new_app(), new_app(), new_app()
    one.config_from_object(Settings)
    two.config_from_object("proj_settings", namespace="CELERY")
    three.config_from_object("proj_settings:CELERY_UNKNOWN", silent=True)
    os.environ["PROJ_CONFIG"] = "proj_settings"
    four.config_from_envvar("PROJ_CONFIG")
    five = Celery("x", broker="memory://", config_source="proj_settings", namespace="CELERY")
    return [
        [app.conf.task_serializer, app.conf.timezone] for app in (one, two, three, four, five)
    ] + [
        outcome(new_app().config_from_envvar, "NO_SUCH_VARIABLE")["raises"],
        new_app().config_from_envvar("NO_SUCH_VARIABLE", silent=True),
    ]  # fmt: skip


def defaults():
    app = new_app()
    app.add_defaults({"task_serializer": "yaml", "broker_url": "redis://never"})
    app.add_defaults(lambda: {"result_serializer": "pickle"})
    app.conf.result_serializer = "msgpack"
    later = new_app()
    later.conf.task_serializer  # noqa: B018
    later.add_defaults({"task_default_queue": "late"})
    return [
        app.conf.task_serializer, app.conf.result_serializer, app.conf.broker_url, later.conf.task_default_queue,
    ]  # fmt: skip


def times():
    def zone(**settings):
        app = new_app(**settings)
        now = app.now()
        return [str(app.timezone), now.tzinfo is not None]

    return [
        zone(), zone(timezone="Asia/Shanghai"), zone(timezone="UTC"),
        zone(timezone="Asia/Shanghai", enable_utc=False),
    ]  # fmt: skip


def periodic_tasks():
    app = new_app()

    @app.task(name="tick")
    def tick(*args, **kwargs):
        pass

    @app.on_after_configure.connect
    def setup(sender, **kwargs):
        sender.add_periodic_task(10.0, tick.s("a"), name="every ten")
        sender.add_periodic_task(30, tick.s("b"), expires=10)

    key = app.add_periodic_task(5, tick, args=(1,), kwargs={"x": 2}, queue="q")
    before = shown(app.conf.beat_schedule)
    again = app.add_periodic_task(7, tick.s(1, x=2), name="named")
    unnamed = app.add_periodic_task(8, tick.s("c").set(countdown=3), priority=3)
    more = app.add_periodic_task(9, tick.s("d"), ("first",), {"k": 1})
    return [key, before, again, unnamed, more, shown(app.conf.beat_schedule)]


def schedule_from_settings():
    app = new_app(beat_schedule={"one": {"task": "t", "schedule": 3}})

    @app.task(name="tick")
    def tick():
        pass

    app.add_periodic_task(5, tick.s(), name="two")
    return sorted(app.conf.beat_schedule)


def options_and_steps():
    app = new_app()
    app.user_options["worker"].add("option")
    app.user_options["preload"].add("option")
    app.steps["worker"].add(int)
    app.steps["consumer"].add(int)
    return [sorted(app.user_options), sorted(app.steps), len(app.user_options["beat"])]


def subclasses():
    class App(Celery):
        made = False

        def on_init(self):
            self.made = [self.main, self.finalized]

    app = App("sub", broker="memory://")
    with app as same:
        inside = same is app
    return [app.made, inside, type(app).__name__, repr(app).startswith("<App sub")]


def either():
    app = new_app(task_default_queue="q")
    return [app.either("task_default_queue"), app.either("task_default_queue", None, "given")]


def worker_main_wants_its_command():
    return outcome(new_app().worker_main, ["celery", "beat"])
