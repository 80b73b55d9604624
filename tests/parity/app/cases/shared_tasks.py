"""Tasks of no particular app, and apps that are finalized."""

from harness import Celery, celery, new_app, outcome


def shared_tasks_belong_to_the_current_app():
    first = new_app("first")

    @celery.shared_task
    def shared(x):
        return x

    @celery.shared_task(bind=True, name="named", max_retries=8)
    def named(self):
        return [self.name, self.app.main]

    one = [shared.name, shared.app.main, shared(1), named(), named.max_retries]
    second = new_app("second")
    two = [shared.app.main, "named" in first.tasks, "named" in second.tasks, named()]
    first.set_current()
    three = [shared.app.main, shared.app is first, named.apply().get()]
    later = [first.tasks["named"].app.main, second.tasks["named"].app.main]
    return [one, two, three, later]


def shared_tasks_take_the_configuration_of_the_app():
    app = new_app("conf", task_serializer="pickle")
    app.set_current()

    @celery.shared_task(name="s1")
    def shared():
        pass

    one = shared.serializer
    other = new_app("other", task_serializer="json", task_always_eager=True)
    return [one, shared.serializer, shared.delay().state, app.main, other.main]


def not_finalized():
    app = Celery("strict", broker="memory://", autofinalize=False)

    @app.task(name="strict")
    def add(x, y):
        return x + y

    before = [
        outcome(lambda: app.tasks.keys())["raises"],
        outcome(lambda: add.delay(1, 2))["raises"],
    ]
    app.finalize()
    return [before, app.finalized, "strict" in app.tasks, add(1, 2)]


def finalizing_tells():
    app = new_app()
    seen = []

    @app.on_after_finalize.connect
    def after(sender, **kwargs):
        seen.append(["finalized", sender is app])

    @app.on_after_configure.connect
    def configured(sender, source=None, **kwargs):
        seen.append(["configured", sender is app, source["task_serializer"]])

    @app.on_configure.connect
    def configuring(sender, **kwargs):
        seen.append(["configuring", sender is app])

    app.finalize()
    app.finalize()
    app.conf.task_serializer  # noqa: B018
    return seen
