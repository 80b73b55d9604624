"""The tasks of the program that every installation is tried with."""

from pathlib import Path

from taskhub import Celery

app = Celery("shop")
app.conf.beat_schedule = {"tick": {"task": "shop.tick", "schedule": 0.5}}
TICKED = Path(__file__).with_name("ticked")


@app.task
def add(x: int, y: int) -> int:
    return x + y


@app.task(name="shop.tick")
def tick() -> None:
    TICKED.touch()
