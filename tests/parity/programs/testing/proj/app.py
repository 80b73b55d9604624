from celery import Celery

app = Celery("proj", broker="memory://", backend="cache+memory://")


class Product:
    stock = {"apple": 3}

    def order(self, name, quantity):
        if quantity > self.stock[name]:
            raise ValueError("sold out")
        return {"name": name, "quantity": quantity}


@app.task(bind=True, max_retries=3)
def send_order(self, name, quantity):
    try:
        return Product().order(name, quantity)
    except ValueError as exc:
        raise self.retry(exc=exc)
