"""Whatever comes with the right secret is stored or refused, and what is stored is worked off."""

from collections import Counter

from flask import Flask
from flask.testing import FlaskClient

from core.db import Database
from tests.azar.lectura import read_telegram
from tests.azar.muestras import TELEGRAM
from tests.azar.mutar import cuerpos
from tests.azar.recuento import Recuento
from tests.azar.trabajo import work_off
from tests.telegram.conftest import SECRETO, Bot
from tests.telegram.test_webhook import HEADER

_BODIES = 300


def test_hundreds_of_bent_updates_are_stored_or_refused_and_worked_off(
    app: Flask, client: FlaskClient, bot: Bot, db: Database
) -> None:
    told = Recuento()
    for cuerpo in cuerpos(TELEGRAM, n=_BODIES, semilla=7, desde=1_000_000):
        path = f"/webhooks/telegram/{bot.clave}"
        answer = client.post(path, data=cuerpo.datos, headers={HEADER: SECRETO})
        told.note(cuerpo, read_telegram(cuerpo.datos), answer.status_code)
    stored = {m.id_externo or "" for m in bot.mensajes()}
    assert list(told.faltas(stored)) == []
    assert min(told.estados[200], told.estados[422]) > 20, "some of both"
    work_off(app.extensions["servicios"], bot.empresa_id)
    ended = {m.id_externo: m.estado for m in bot.mensajes() if m.remitente == "usuario"}
    assert {ended[id_] for id_ in told.enteros} == {"procesado"}
    assert Counter(ended.values()).keys() <= {"procesado", "cuarentena"}
