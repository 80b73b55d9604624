"""What tasks have seen."""

from django.db import models


class Order(models.Model):
    """An order."""

    number = models.IntegerField()
