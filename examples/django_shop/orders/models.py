"""What is sold, and orders."""

from __future__ import annotations

from django.db import models


class Product(models.Model):
    """Something that is sold."""

    name = models.CharField(max_length=100, unique=True)
    stock = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """An order of a customer."""

    class Status(models.TextChoices):
        """What has become of it."""

        PLACED = "placed"
        RESERVED = "reserved"
        ABANDONED = "abandoned"

    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField(default=1)
    email = models.EmailField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLACED)
    placed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"order {self.pk}"
