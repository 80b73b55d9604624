"""Serialization as Celery's: serializers, compression, exceptions and result documents."""
