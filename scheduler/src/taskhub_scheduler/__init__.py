"""The scheduler process of taskhub: it starts the periodic jobs, on APScheduler."""
