from .celery import app


@app.task
def add(x, y):
    return x + y


@app.task
def mul(x, y):
    return x * y


@app.task
def xsum(numbers):
    return sum(numbers)


@app.task(bind=True)
def where(self):
    return [self.request.delivery_info["routing_key"], self.request.hostname.partition("@")[0]]
