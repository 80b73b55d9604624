import os

broker_url = os.environ["REDIS_URL"]
result_backend = os.environ["REDIS_URL"]

task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
timezone = "Europe/Oslo"
enable_utc = True
worker_concurrency = 1

task_routes = {"tasks.mul": "celery"}
task_annotations = {"tasks.add": {"rate_limit": "600/m"}}
