"""The owner by WhatsApp: told of a customer who waits, they answer by quoting the aviso."""

from collections.abc import Callable
from typing import Any

import pytest

from core.mensajes.equipo.destinatarios import Nuevo, create_destinatario
from core.mensajes.equipo.entregar import deliver_avisos
from core.models import Via
from core.wiring import Servicios
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import TELEFONO, mensaje
from tests.whatsapp.conftest import Post
from tests.whatsapp.emulador import Aceptado, Emulador

DUENA = "573005556677"
Work = Callable[[], None]
Sql = Callable[..., list[Any]]


@pytest.fixture
def duena(servicios: Servicios, canal: Bot, post: Post, work: Work, emulador: Emulador) -> int:
    """Her phone is linked by the code that she wrote."""
    with servicios.db.empresa(canal.empresa_id) as session:
        who, codigo = create_destinatario(
            session,
            Nuevo(Via.WHATSAPP, "Dueña", canal_id=canal.canal_id),
            empresa_id=canal.empresa_id,
            actor="prueba",
        )
        id_ = who.id
    post(mensaje(codigo, de=DUENA))
    work()
    assert emulador.aceptados.pop().texto.startswith("Listo, Dueña")
    return id_


@pytest.fixture
def avisada(
    duena: int,
    servicios: Servicios,
    canal: Bot,
    cola: ColaEnMemoria,
    work: Work,
    emulador: Emulador,
) -> Callable[[], Aceptado]:
    """What her phone shows of the customer who waits."""

    def call() -> Aceptado:
        key = {"empresa_id": canal.empresa_id, "destinatario_id": duena}
        deliver_avisos(servicios.db, cola, servicios.settings, None, **key)
        work()
        return next(a for a in reversed(emulador.aceptados) if a.para == DUENA)

    return call


def quoting(said: Aceptado, texto: str) -> dict[str, Any]:
    return mensaje(texto, de=DUENA, context={"from": "576015550100", "id": said.wamid})


def test_quoting_an_aviso_answers_that_customer_and_takes_the_chat(
    avisada: Callable[[], Aceptado],
    duena: int,
    post: Post,
    work: Work,
    sql: Sql,
    emulador: Emulador,
) -> None:
    post(mensaje("quiero hablar con una persona"))
    work()
    aviso = avisada()
    post(quoting(aviso, "Hola, soy la dueña."))
    work()
    assert emulador.aceptados[-1].para == TELEFONO
    assert emulador.aceptados[-1].texto == "Hola, soy la dueña."
    taken = sql("SELECT ia_activa, tomado_por FROM chat WHERE externo = :x", x=TELEFONO)
    assert taken == [(False, f"destinatario:{duena}")]


def test_what_a_customer_quotes_is_no_order(
    avisada: Callable[[], Aceptado], post: Post, work: Work, sql: Sql
) -> None:
    post(mensaje("quiero hablar con una persona"))
    work()
    aviso = avisada()
    context = {"from": "576015550100", "id": aviso.wamid}
    post(mensaje("Hola, soy la dueña.", de="573110001122", context=context))
    work()
    assert sql("SELECT ia_activa FROM chat WHERE externo = :x", x=TELEFONO) == [(True,)]
