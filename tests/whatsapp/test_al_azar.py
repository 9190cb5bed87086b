"""Whatever comes rightly signed is stored or refused, and what is stored is worked off."""

from collections import Counter
from collections.abc import Callable

from core.wiring import Servicios
from tests.azar.lectura import read_whatsapp
from tests.azar.muestras import NUMERO, WHATSAPP
from tests.azar.mutar import cuerpos
from tests.azar.recuento import Recuento
from tests.azar.trabajo import work_off
from tests.telegram.conftest import Bot
from tests.whatsapp.conftest import SECRETO, TOKEN, Post
from tests.whatsapp.emulador import Emulador

_BODIES = 300


def test_hundreds_of_bent_webhooks_are_stored_or_refused_and_worked_off(
    post: Post, servicios: Servicios, make_canal: Callable[..., Bot], emulador: Emulador
) -> None:
    emulador.add_numero(NUMERO, token=TOKEN, app_secret=SECRETO)
    canal = make_canal(NUMERO)
    told = Recuento()
    for cuerpo in cuerpos(WHATSAPP, n=_BODIES, semilla=7, desde=1):
        answer = post(cuerpo.datos, clave=canal.clave)
        told.note(cuerpo, read_whatsapp(cuerpo.datos), answer.status_code)
    rows = [m for m in canal.mensajes() if m.remitente == "usuario"]
    assert list(told.faltas({m.id_externo or "" for m in rows})) == []
    assert min(told.estados[200], told.estados[422]) > 20, "some of both"
    work_off(servicios, canal.empresa_id)
    ended = {m.id_externo: m.estado for m in canal.mensajes() if m.remitente == "usuario"}
    assert {ended[id_] for id_ in told.enteros} == {"procesado"}
    assert Counter(ended.values()).keys() <= {"procesado", "cuarentena"}
