"""The bare twins: the least that must happen for the same work, with no product in it.

`app` is Flask + one INSERT + `delay()`. `trabajo` is a task of three short transactions that rings
a second one of an UPDATE. `nada` is Celery alone. No tenants, no row level security, no leases.
"""

import os
from typing import Any

from celery import Celery
from flask import Flask, request
from psycopg_pool import ConnectionPool

import celeryconfig

celery = Celery("gemelo", broker=celeryconfig.broker_url)
celery.config_from_object("celeryconfig")
celery.conf.update(
    task_queues=None,
    task_routes={},
    task_create_missing_queues=True,
    task_default_queue="gemelo",
    beat_schedule={},
)
app = Flask("gemelo")
_pool = ConnectionPool(
    os.environ.get("GEMELO_URL", ""), min_size=0, max_size=20, open=False, num_workers=2
)


def _run(sql: str, *values: Any) -> Any:
    """One short transaction."""
    if _pool.closed:
        _pool.open()
    with _pool.connection() as connection:
        cursor = connection.execute(sql, values)
        return cursor.fetchone() if cursor.description else None


@app.post("/gemelo")
def store() -> tuple[dict[str, int], int]:
    body = request.get_json()
    row = _run(
        "INSERT INTO gemelo.mensaje (chat, texto) VALUES (%s, %s) RETURNING id",
        body["chat_id"],
        body["mensaje"],
    )
    nada.delay(row[0])
    return {"mensaje_id": row[0]}, 202


@celery.task(name="gemelo.nada")
def nada(mensaje_id: int) -> None:
    """Idempotent: it does nothing."""


@celery.task(name="gemelo.trabajo")
def trabajo(mensaje_id: int) -> None:
    """Idempotent: as the bare message of the plan: take, read, write; then ring the postman."""
    _run("UPDATE gemelo.mensaje SET token = token + 1 WHERE id = %s", mensaje_id)
    _run("SELECT texto FROM gemelo.mensaje WHERE id = %s", mensaje_id)
    _run("UPDATE gemelo.mensaje SET respuesta = 'hola' WHERE id = %s", mensaje_id)
    entrega.delay(mensaje_id)


@celery.task(name="gemelo.entrega")
def entrega(mensaje_id: int) -> None:
    """Idempotent: one UPDATE to the same value."""
    _run("UPDATE gemelo.mensaje SET estado = 'enviado' WHERE id = %s", mensaje_id)
