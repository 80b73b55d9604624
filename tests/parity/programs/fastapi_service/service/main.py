from typing import Annotated

from celery.result import AsyncResult
from fastapi import Body, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from celery import chain
from service.worker import celery, create_task, fail, report

app = FastAPI()


class Report(BaseModel):
    lines: list[str]


@app.post("/tasks", status_code=201)
def run_task(type: Annotated[str, Body(embed=True)]):
    task = create_task.delay(int(type))
    return JSONResponse({"task_id": task.id})


@app.post("/reports", status_code=202)
async def run_report(wanted: Report):
    task = chain(report.s(wanted.lines)).apply_async()
    return {"task_id": task.id}


@app.post("/failures", status_code=202)
async def run_failure(reason: Annotated[str, Body(embed=True)]):
    return {"task_id": fail.apply_async(kwargs={"reason": reason}).id}


@app.get("/tasks/{task_id}")
def get_status(task_id: str):
    task_result = AsyncResult(task_id, app=celery)
    return {
        "task_status": task_result.status,
        "task_result": task_result.result if task_result.successful() else str(task_result.result),
    }


@app.delete("/tasks/{task_id}")
def cancel(task_id: str):
    celery.control.revoke(task_id)
    return {"revoked": True}


@app.get("/health")
def health():
    return {"workers": len(celery.control.ping(timeout=2)), "broker": bool(celery.connection().ensure_connection(max_retries=1))}
