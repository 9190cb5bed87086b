"""A person has the chat: what the bot had not said yet stays unsaid, and it waits only so long."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from core.agente.vendedor import respond
from core.cuentas import delete_canal
from core.errors import Conflict, LeaseLost
from core.mensajes.cierre import finish_turno
from core.mensajes.equipo.destinatarios import delete_destinatario
from core.mensajes.equipo.silencio import hand_back_silent, ring_silent_chats
from core.mensajes.historial import write_as_person
from core.mensajes.turnos import take_chat
from core.models import Chat, Log, Mensaje
from core.ports import Fuentes, Tarea
from tests.agente.tienda_real import CHAT
from tests.personas.conftest import Negocio


def silencio(negocio: Negocio) -> bool:
    return hand_back_silent(
        negocio.db,
        negocio.tienda.cola,
        empresa_id=negocio.empresa_id,
        chat_id=negocio.tienda.chat.id,
    )


def test_a_turn_that_was_thinking_is_neither_recorded_nor_sent(negocio: Negocio) -> None:
    negocio.tienda.escribe("quiero 2 martillos de goma")
    turno = take_chat(
        negocio.db,
        negocio.tienda.settings,
        empresa_id=negocio.empresa_id,
        chat_id=negocio.tienda.chat.id,
        worker="prueba",
        solo=False,
    )
    assert turno is not None
    thought = respond(
        Fuentes(negocio.tienda.vendedor.buscador.de(negocio.empresa_id)),
        turno.visto,
        ["quiero 2 martillos de goma"],
    )
    negocio.toma()
    with pytest.raises(LeaseLost), negocio.db.empresa(negocio.empresa_id) as session:
        finish_turno(session, turno, respuesta=thought.respuesta, pensado=thought)
    assert negocio.tienda.responde().estado == "silencio"
    assert negocio.historial() == [("usuario", "quiero 2 martillos de goma")]


def messenger(negocio: Negocio) -> str:
    """A customer of the bot; the public name of their chat."""
    negocio.escribe("quiero 2 martillos de goma", "555")
    return negocio.chat_de("555").chat_id


def entregas(negocio: Negocio) -> list[tuple[str, str | None]]:
    with negocio.db.empresa(negocio.empresa_id) as session:
        rows = session.execute(
            select(Mensaje.entrega, Mensaje.error)
            .where(Mensaje.remitente == "bot")
            .order_by(Mensaje.id)
        )
        return [(row.entrega, row.error) for row in rows]


def test_a_reply_that_has_not_left_is_withdrawn(negocio: Negocio) -> None:
    chat_id = messenger(negocio)
    negocio.toma(chat_id)
    assert entregas(negocio) == [("fallida", "retirada")]
    negocio.entrega()
    assert negocio.papel.enviados == []


def test_a_reply_that_waits_for_the_customer_to_write_is_withdrawn_too(negocio: Negocio) -> None:
    chat_id = messenger(negocio)
    with negocio.db.empresa(negocio.empresa_id) as session:
        session.execute(text("UPDATE mensaje SET entrega = 'retenida' WHERE remitente = 'bot'"))
    negocio.toma(chat_id)
    assert entregas(negocio) == [("fallida", "retirada")]


def test_a_reply_that_tells_of_a_sale_still_leaves(negocio: Negocio) -> None:
    chat_id = messenger(negocio)
    negocio.entrega()
    negocio.escribe("sí, confirmo", "555")
    negocio.toma(chat_id)
    negocio.entrega()
    assert "quedó registrada" in negocio.papel.enviados[-1][1]


def test_after_a_silence_the_bot_answers_what_nobody_did(negocio: Negocio) -> None:
    negocio.toma_y_contesta("Ya te digo.")
    negocio.tienda.dice("¿tienen martillos de goma?")
    assert not silencio(negocio)
    negocio.pasa(121)
    negocio.tienda.cola.timbres.clear()
    assert ring_silent_chats(negocio.db, negocio.tienda.cola) == 1
    assert silencio(negocio)
    assert not silencio(negocio)
    assert (Tarea.ANSWER_CHAT) in [t for t, _ in negocio.tienda.cola.timbres]
    assert negocio.tienda.responde().estado == "respondido"
    assert negocio.historial()[-1][0] == "bot"
    with negocio.db.empresa(negocio.empresa_id) as session:
        last = session.scalars(select(Log).order_by(Log.id.desc()).limit(1)).one()
        assert (last.accion, last.actor, last.datos) == (
            "chat.devolver",
            "sistema",
            {"motivo": "silencio"},
        )


def test_what_the_person_answered_is_not_answered_again(negocio: Negocio) -> None:
    negocio.tienda.dice("hola")
    negocio.toma()
    negocio.tienda.dice("¿tienen martillos de goma?")
    negocio.responde("Sí, claro.")
    negocio.pasa(121)
    assert silencio(negocio)
    assert negocio.tienda.responde().estado == "nada"
    assert negocio.tienda.chat.ia_activa


def test_every_word_of_the_person_begins_the_silence_anew(negocio: Negocio) -> None:
    negocio.toma_y_contesta("Ya te digo.")
    negocio.pasa(100)
    negocio.responde("Un momento más.")
    negocio.pasa(100)
    assert not silencio(negocio)


def test_a_shop_may_never_hand_back_by_itself(abre: Callable[..., Negocio]) -> None:
    never = abre(minutos_silencio_persona=0)
    never.toma_y_contesta("Ya te digo.")
    assert never.tienda.chat.devolver_en is None
    never.tienda.ajusta(minutos_silencio_persona=1)
    never.responde("Sigo aquí.")
    never.tienda.ajusta(minutos_silencio_persona=0)
    never.pasa(2)
    assert not silencio(never)
    assert never.tienda.chat.devolver_en is None


def test_who_writes_just_after_the_silence_ended_is_told_so(negocio: Negocio) -> None:
    negocio.toma_y_contesta("Ya te digo.")
    negocio.pasa(121)
    with negocio.db.empresa(negocio.empresa_id) as session:
        seen = session.scalars(select(Chat)).all()  # read while they still had it
        assert silencio(negocio)
        assert seen
        with pytest.raises(Conflict):
            write_as_person(
                session,
                empresa_id=negocio.empresa_id,
                chat_id=CHAT,
                texto="Sigo aquí.",
                usuario_id=None,
            )
    assert negocio.dicho(CHAT) == ["Ya te digo."]
    assert negocio.tienda.chat.devolver_en is None


def test_a_chat_that_somebody_had_when_it_was_linked_does_nothing_twice(negocio: Negocio) -> None:
    _, codigo = negocio.avisa_a()
    negocio.escribe("hola")
    own = negocio.chat_de("900")
    negocio.toma(own.chat_id)
    negocio.escribe("Hola", inicio=codigo)
    assert negocio.chat_de("900").tomado_por is None
    negocio.toma(own.chat_id)  # over HTTP there is nothing against it
    negocio.escribe(f"/tomar {CHAT}")
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe("Hola, A.")
    negocio.pasa(121)
    key = {"empresa_id": negocio.empresa_id, "chat_id": own.id}
    assert hand_back_silent(negocio.db, negocio.tienda.cola, **key)
    negocio.tienda.vendedor.answer_chat(**key)
    assert negocio.dicho("a") == ["Hola, A."]


@pytest.mark.parametrize("whole_canal", [False, True])
def test_the_chats_of_who_is_gone_go_back_even_where_the_shop_waits_for_ever(
    abre: Callable[..., Negocio], whole_canal: bool
) -> None:
    never = abre(minutos_silencio_persona=0)
    who = never.enlaza()
    never.tienda.dice("hola")
    never.escribe(f"/tomar {CHAT}")
    never.tienda.dice("¿tienen martillos de goma?")
    key = {"empresa_id": never.empresa_id, "actor": "prueba"}
    with never.db.empresa(never.empresa_id) as session:
        if whole_canal:
            delete_canal(session, canal_id=never.canal_id, **key)
        else:
            delete_destinatario(session, destinatario_id=who, **key)
    assert silencio(never)
    assert never.tienda.responde().estado == "respondido"


def test_who_took_it_from_their_phone_is_told_that_it_went_back(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.tienda.dice("hola")
    negocio.escribe(f"/tomar {CHAT}")
    negocio.pasa(121)
    assert silencio(negocio)
    assert "el bot vuelve a atender" in negocio.entrega()[-1]


# --- the whole shop ----------------------------------------------------------------------------


def test_a_bot_that_is_off_is_silent_and_somebody_is_told_once(
    abre: Callable[..., Negocio],
) -> None:
    off = abre(bot_activo=False)
    off.enlaza()
    assert off.tienda.dice("quiero 2 martillos de goma") == ""
    assert off.tienda.dice("¿hola?") == ""
    (told,) = off.entrega()
    assert told.startswith("Un cliente escribió y el bot está apagado:\nquiero 2 martillos de goma")
    assert off.tienda.chat.espera_humano
    off.pulsa("Tomar")
    off.devuelve()
    off.tienda.dice("¿siguen ahí?")
    assert "¿siguen ahí?" in off.entrega()[-1]


def test_switched_on_again_the_bot_sells(abre: Callable[..., Negocio]) -> None:
    shop = abre(bot_activo=False)
    shop.tienda.dice("hola")
    shop.tienda.ajusta(bot_activo=True)
    assert "39.600" in shop.tienda.dice("quiero 2 martillos de goma")


def test_the_phone_works_while_the_bot_is_off(abre: Callable[..., Negocio]) -> None:
    off = abre(bot_activo=False)
    off.enlaza()
    off.escribe("/chats")
    assert off.entrega() == ["Nadie espera a una persona."]
    with off.db.empresa(off.empresa_id) as session:
        assert session.scalar(text("SELECT count(*) FROM mensaje WHERE estado = 'pendiente'")) == 0
