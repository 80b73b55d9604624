from django.db import transaction
from sales.models import Event, Note
from tickets.celery import app, local


class SoldOut(Exception):
    pass


class MeasuredTask(app.Task):
    measured = []

    def __call__(self, *args, **kwargs):
        value = super().__call__(*args, **kwargs)
        self.measured.append(self.name)
        return value

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        Note.objects.create(text=f"failed, expected: {isinstance(exc, self.throws)}")
        return super().on_failure(exc, task_id, args, kwargs, einfo)


class EventTask(app.Task):
    """Runs with the event instead of its number, wherever that was given."""

    def __call__(self, *args, **kwargs):
        if "event" in kwargs:
            kwargs["event"] = Event.objects.get(pk=kwargs["event"])
        else:
            args = [Event.objects.get(pk=args[0]), *args[1:]]
        return super().__call__(*args, **kwargs)


class MeasuredEventTask(MeasuredTask, EventTask):
    pass


class OnCommitTask(MeasuredEventTask):
    """Is sent when the transaction is committed, and returns nothing."""

    def apply_async(self, *args, **kwargs):
        transaction.on_commit(lambda: super(OnCommitTask, self).apply_async(*args, **kwargs))


@app.task(base=MeasuredEventTask, throws=(SoldOut,), bind=True)
def sell(self, event: Event, count: int = 1):
    if count > 10:
        raise SoldOut("only ten are left")
    self.update_state(state="PROGRESS", meta={"value": 50})
    note.delay(f"sold {count} for {event.name}")
    return [event.name, count, self.measured]


@app.task(base=OnCommitTask)
def announce(event):
    Note.objects.create(text=f"announced {event.name}")


@app.task(acks_late=True)
def note(text: str):
    # The calls above it, of which the first is named by the client.
    Note.objects.create(text=f"{text}, trace of {len(local.trace)} from {local.trace[0]}")
