from .celery import app


def place(task):
    info = task.request.delivery_info
    return [info["routing_key"], task.request.hostname.partition("@")[0]]


@app.task(bind=True)
def import_feed(self):
    return place(self)


@app.task(bind=True, name="images.compress")
def compress(self):
    return place(self)


@app.task(bind=True, name="thumb.small")
def small(self):
    return place(self)


@app.task(bind=True, name="video.cut")
def cut(self):
    return place(self)


@app.task(bind=True)
def news(self, topic):
    return place(self)


@app.task(bind=True)
def plain(self):
    return place(self)


@app.task(bind=True, queue="images")
def own(self):
    return place(self)
