"""Values as text and bytes: the serializers, exceptions and result documents of Celery's world."""
