"""The shop's people are told: of each sale and of each customer who waits, once, with a link."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, update

from core.errors import (
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)
from core.mensajes.cierre import quarantine
from core.mensajes.equipo.entregar import ring_due_avisos
from core.mensajes.olvido import erase_chat
from core.mensajes.recibir import Destino, receive_mensaje
from core.mensajes.turnos import take_chat
from core.models import Aviso, Via
from core.ports import Tarea
from tests.agente.tienda_real import CHAT
from tests.personas.conftest import Negocio


def vende(negocio: Negocio) -> None:
    negocio.tienda.dice("Hola, soy Ana, quiero 2 martillos de goma")
    negocio.tienda.dice("sí, confirmo")
    assert len(negocio.tienda.ventas()) == 1


def test_a_sale_is_told_once_with_what_was_sold_to_whom_and_a_link(negocio: Negocio) -> None:
    negocio.enlaza()
    vende(negocio)
    told = negocio.entrega()
    (venta,) = negocio.tienda.ventas()
    assert len(told) == 1
    assert f"Venta n.º {venta.id} por $39.600" in told[0]
    assert "• 2 × Martillo" in told[0]
    assert f"/ir/chat/{CHAT}" in told[0]
    assert negocio.entrega() == told


def test_who_is_not_told_of_sales_is_told_of_those_who_wait(negocio: Negocio) -> None:
    negocio.enlaza(ventas=False)
    vende(negocio)
    assert negocio.avisos == []
    negocio.tienda.dice("quiero hablar con una persona")
    assert "espera a una persona" in negocio.entrega()[0]


def test_one_who_waits_is_told_once_until_somebody_has_come(negocio: Negocio) -> None:
    negocio.enlaza()
    for _ in range(2):
        negocio.tienda.dice("quiero hablar con una persona")
    (told,) = negocio.entrega()
    assert "Un cliente espera a una persona" in told
    assert "quiero hablar con una persona" in told
    negocio.toma()
    negocio.devuelve()
    negocio.tienda.dice("quiero hablar con una persona")
    assert len(negocio.entrega()) == 2


def test_one_who_asks_again_half_a_day_later_is_told_of_again(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.tienda.dice("quiero hablar con una persona")
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(update(Aviso).values(creado_en=Aviso.creado_en - timedelta(hours=13)))
    negocio.tienda.dice("¿tienen martillos de goma?")
    assert len(negocio.avisos) == 1
    for _ in range(2):
        negocio.tienda.dice("quiero hablar con una persona")
    assert len(negocio.entrega()) == 2


def test_of_a_pressed_button_the_person_reads_what_it_showed(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.escribe("quiero 2 martillos de goma", "555")
    negocio.entrega()
    negocio.escribe(f"/tomar {negocio.chat_de('555').chat_id}")
    negocio.entrega()
    negocio.papel.enviados.clear()
    negocio.pulsa("Confirmar", "555")
    assert [t.split("\n")[0] for t in negocio.entrega()] == ["Un cliente: Confirmar"]


def test_a_cancelled_sale_and_a_changed_one_are_told(negocio: Negocio) -> None:
    negocio.enlaza()
    vende(negocio)
    negocio.tienda.dice("cancela la compra")
    claves = [a.clave for a in negocio.avisos]
    (venta,) = negocio.tienda.ventas()
    assert claves == [f"venta:{venta.id}", f"cancelacion:{venta.id}"]
    assert f"El cliente canceló la venta n.º {venta.id}" in negocio.avisos[1].texto


def test_nobody_is_told_of_what_was_not_recorded(negocio: Negocio) -> None:
    """The aviso is a row of the sale's own transaction."""
    negocio.enlaza()
    negocio.tienda.dice("quiero 2 martillos de goma")
    negocio.tienda.edita("MZ-3", precio=Decimal(1))
    negocio.tienda.dice("sí, confirmo")
    assert negocio.tienda.ventas() == []
    assert negocio.avisos == []


def test_a_message_that_could_not_be_read_is_told(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.tienda.escribe("hola")
    turno = take_chat(
        negocio.db,
        negocio.tienda.settings,
        empresa_id=negocio.empresa_id,
        chat_id=negocio.tienda.chat.id,
        worker="prueba",
        solo=False,
    )
    assert turno is not None
    done = quarantine(negocio.db, turno, "Perdona.")
    assert [tarea for tarea, _ in done.timbres] == [Tarea.DELIVER_AVISOS]
    assert "no se pudo leer" in negocio.entrega()[0]


def test_a_lost_bell_is_rung_again(negocio: Negocio) -> None:
    who = negocio.enlaza()
    vende(negocio)
    negocio.pasa(1)
    negocio.tienda.cola.timbres.clear()
    assert ring_due_avisos(negocio.db, negocio.tienda.cola, negocio.tienda.settings) == 1
    ids = {"empresa_id": negocio.empresa_id, "destinatario_id": who}
    assert negocio.tienda.cola.timbres == [(Tarea.DELIVER_AVISOS, ids)]


def test_what_was_told_of_a_customer_is_erased_with_them(negocio: Negocio) -> None:
    negocio.enlaza()
    vende(negocio)
    negocio.entrega()
    with negocio.db.empresa(negocio.empresa_id) as session:
        erase_chat(session, empresa_id=negocio.empresa_id, chat_id=CHAT, actor="prueba")
    assert negocio.avisos == []
    own = negocio.historial(negocio.chat_de("900").chat_id)
    assert not any("Martillo" in texto for _, texto in own)


# --- by email ----------------------------------------------------------------------------------


def test_an_email_leaves_once_and_is_the_same_however_often_it_is_tried(negocio: Negocio) -> None:
    who, codigo = negocio.avisa_a(Via.EMAIL)
    assert codigo is None
    vende(negocio)
    negocio.correo.fallas = [EnvioIncierto("?")]
    negocio.correo.acepta_antes = True
    assert negocio.avisos_de(who).estado == "incierta"
    assert negocio.avisos_de(who).estado == "nada"  # not yet
    negocio.pasa(1)
    assert negocio.avisos_de(who).estado == "enviada"
    assert negocio.avisos_de(who).estado == "nada"
    first, second = negocio.correo.cartas
    assert first == second
    assert first.para == "duena@tienda.test"
    assert first.asunto.startswith("Venta n.º")


@pytest.mark.parametrize(
    ("falla", "estado", "error"),
    [
        (Unavailable("ocupado"), "pendiente", "no_disponible_ahora"),
        (CredencialesRechazadas("clave"), "pendiente", "credenciales_rechazadas"),
        (EnvioRechazado("no existe"), "fallida", "envio_rechazado"),
    ],
)
def test_what_may_pass_waits_and_what_will_not_ends(
    negocio: Negocio, falla: Exception, estado: str, error: str
) -> None:
    who, _ = negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    negocio.correo.fallas = [falla]
    negocio.avisos_de(who)
    (aviso,) = negocio.avisos
    assert (aviso.estado, aviso.error) == (estado, error)
    assert aviso.intentos == (1 if estado == "fallida" else 0)


def test_one_behind_another_waits_for_it(negocio: Negocio) -> None:
    who, _ = negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.correo.fallas = [Unavailable("ocupado")]
    assert [negocio.avisos_de(who).estado for _ in range(2)] == ["espera", "nada"]
    negocio.pasa(1)
    assert [negocio.avisos_de(who).estado for _ in range(3)] == ["enviada", "enviada", "nada"]
    assert [c.asunto.split()[0] for c in negocio.correo.cartas] == ["Venta", "Ana"]


def test_only_the_first_of_each_is_rung_for_however_many_wait_behind_it(negocio: Negocio) -> None:
    negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.pasa(1)
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(
            text("UPDATE aviso SET desde = now() + interval '5 minutes' WHERE clave LIKE 'venta:%'")
        )
    assert ring_due_avisos(negocio.db, negocio.tienda.cola, negocio.tienda.settings) == 0


def test_a_letter_that_only_waits_for_others_goes_soon_however_old_it_is(negocio: Negocio) -> None:
    who, _ = negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(update(Aviso).values(creado_en=Aviso.creado_en - timedelta(hours=3)))
    negocio.correo.fallas = [EnvioLimitado("otros primero", segundos=2)]
    assert negocio.avisos_de(who).segundos == 2


def test_a_sender_that_died_is_repeated_and_an_old_one_settles_nothing(negocio: Negocio) -> None:
    who, _ = negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(
            text(
                "UPDATE aviso SET estado = 'enviando', token = 1, intentos = 1, "
                "desde = now() + interval '30 seconds'"
            )
        )
    assert negocio.avisos_de(who).estado == "nada"  # somebody's lease
    negocio.pasa(1)
    assert negocio.avisos_de(who).estado == "enviada"
    assert negocio.avisos[0].token == 2


def test_who_waited_a_day_is_not_told_of_yesterday(negocio: Negocio) -> None:
    who, _ = negocio.avisa_a(Via.EMAIL)
    vende(negocio)
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(update(Aviso).values(creado_en=Aviso.creado_en - timedelta(days=2)))
    negocio.correo.fallas = [Unavailable("ocupado")]
    negocio.avisos_de(who)
    assert (negocio.avisos[0].estado, negocio.avisos[0].error) == ("fallida", "caducada")


def test_many_sales_at_once_are_each_told_once_while_the_postman_works(negocio: Negocio) -> None:
    """Nobody who records a sale waits for whoever brings avisos, nor the other way round."""
    who = negocio.enlaza()
    tienda = negocio.tienda

    def buy(n: int) -> None:
        for texto in ("quiero 1 martillo de goma", "sí, confirmo"):
            got = receive_mensaje(
                negocio.db,
                tienda.cola,
                tienda.settings,
                empresa_id=negocio.empresa_id,
                destino=Destino(chat_id=f"cliente-{n}"),
                texto=texto,
            )
            ended = tienda.vendedor.answer_chat(empresa_id=negocio.empresa_id, chat_id=got.chat_pk)
            assert ended.estado == "respondido", ended
            negocio.avisos_de(who)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(buy, range(6)))
    negocio.avisos_de(who)
    ventas = {f"venta:{v.id}" for v in tienda.ventas()}
    assert len(ventas) == 6
    assert [a.estado for a in negocio.avisos] == ["enviada"] * 6
    assert {a.clave for a in negocio.avisos} == ventas
    assert len({a.mensaje_id for a in negocio.avisos}) == 6
    assert len(negocio.entrega()) == 6
