"""From their own phone the shop's people take a chat, answer the customer, and hand it back."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from core.mensajes.historial import chats_of
from core.models import Chat
from tests.agente.tienda_real import CHAT
from tests.personas.conftest import Negocio


def test_a_code_links_one_chat_once(negocio: Negocio) -> None:
    _, codigo = negocio.avisa_a()
    negocio.escribe("Hola", "900", inicio=codigo)
    negocio.escribe("Hola", "901", inicio=codigo)
    negocio.entrega()
    said = dict(negocio.papel.enviados)
    assert said["900"].startswith("Listo, Dueña: por aquí te llegarán los avisos de La Tuerca.")
    assert said["901"] == "Ese enlace ya no sirve. Pide uno nuevo a quien administra la tienda."
    assert negocio.chat_de("900").equipo
    assert not negocio.chat_de("901").equipo


def test_a_code_can_be_written_where_no_link_carries_it(negocio: Negocio) -> None:
    _, codigo = negocio.avisa_a()
    negocio.escribe(f"/start {codigo}")
    assert negocio.chat_de("900").equipo


def test_whose_chat_is_linked_is_nobodys_customer(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.escribe("quiero 2 martillos de goma")
    assert negocio.entrega() == [
        "No tienes ninguna conversación tomada. Responde a un aviso, o mira con /chats quién "
        "espera."
    ]
    assert negocio.chat_de("900").conversacion == {}
    with negocio.db.empresa(negocio.empresa_id) as session:
        assert session.scalars(chats_of(negocio.empresa_id)).all() == []


@pytest.mark.parametrize("orden", ["/tomar c-1", "/devolver c-1", "/chats"])
def test_a_customer_can_never_give_orders(negocio: Negocio, orden: str) -> None:
    negocio.enlaza()
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.escribe(orden, "555")
    assert negocio.tienda.chat.ia_activa
    assert negocio.tienda.chat.espera_humano


def test_the_whole_conversation_from_the_phone(negocio: Negocio) -> None:
    who = negocio.enlaza()
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.entrega()
    assert [t.texto for t in negocio.papel.teclas[-1]] == ["Tomar", "Devolver al bot"]
    negocio.pulsa("Tomar")
    assert negocio.tienda.chat.tomado_por == f"destinatario:{who}"
    negocio.escribe("Hola, soy la dueña. ¿En qué te ayudo?")
    assert negocio.tienda.dice("¿me lo dejan más barato?") == ""
    assert negocio.entrega()[-2].startswith("Tomaste la conversación con Un cliente.")
    assert negocio.entrega()[-1].startswith("Un cliente: ¿me lo dejan más barato?")
    negocio.pulsa("Devolver al bot")
    assert negocio.entrega()[-1] == "El bot vuelve a atender a Un cliente."
    assert negocio.historial()[-2:] == [
        ("agente", "Hola, soy la dueña. ¿En qué te ayudo?"),
        ("usuario", "¿me lo dejan más barato?"),
    ]
    assert negocio.tienda.dice("¿tienen martillos de goma?") != ""
    assert negocio.tienda.chat.tomado_por is None


def test_quoting_an_aviso_answers_that_customer_and_takes_the_chat(negocio: Negocio) -> None:
    who = negocio.enlaza()
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.entrega()
    quoted = f"papel:{len(negocio.papel.enviados)}"
    negocio.escribe("Ya voy.", responde_a=quoted)
    assert negocio.historial()[-1] == ("agente", "Ya voy.")
    assert negocio.tienda.chat.tomado_por == f"destinatario:{who}"


def test_each_message_of_the_customer_reaches_the_phone_in_order(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.tienda.escribe("hola")
    negocio.tienda.responde()
    negocio.escribe(f"/tomar {CHAT}")
    negocio.entrega()
    negocio.papel.enviados.clear()
    negocio.tienda.dice("uno", "dos")
    negocio.tienda.dice("tres")
    told = [t.split("\n")[0] for t in negocio.entrega()]
    assert told == ["Un cliente: uno", "Un cliente: dos", "Un cliente: tres"]


def test_chats_shows_who_waits_with_their_buttons(negocio: Negocio) -> None:
    negocio.enlaza(derivaciones=False)
    negocio.escribe("/chats")
    assert negocio.entrega()[-1] == "Nadie espera a una persona."
    negocio.tienda.dice("quiero hablar con una persona")
    negocio.escribe("/chats")
    assert negocio.entrega()[-1] == "Esperan: 1."
    negocio.pulsa("Tomar")
    assert not negocio.tienda.chat.ia_activa


def test_an_unknown_chat_and_ones_own_cannot_be_taken(negocio: Negocio) -> None:
    negocio.enlaza()
    own = negocio.chat_de("900").chat_id
    for publico in ("nadie", own):
        negocio.escribe(f"/tomar {publico}")
        assert negocio.entrega()[-1].startswith("No encuentro esa conversación.")
    assert negocio.chat_de("900").ia_activa


def test_a_turn_of_the_phone_that_runs_twice_writes_once(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.tienda.dice("hola")
    negocio.escribe(f"/tomar {CHAT}")
    negocio.escribe("Hola, soy la dueña.")
    again = negocio.tienda.vendedor.answer_chat(
        empresa_id=negocio.empresa_id, chat_id=negocio.chat_de("900").id
    )
    assert again.estado == "nada"
    assert negocio.historial().count(("agente", "Hola, soy la dueña.")) == 1


def test_a_link_of_one_shop_opens_no_chat_of_another(abre: Callable[..., Negocio]) -> None:
    mine, theirs = abre(), abre()
    _, codigo = theirs.avisa_a()
    mine.escribe("Hola", "900", inicio=codigo)
    assert not mine.chat_de("900").equipo
    theirs.tienda.dice("quiero hablar con una persona")
    assert mine.entrega() == [
        "Ese enlace ya no sirve. Pide uno nuevo a quien administra la tienda."
    ]
    with mine.db.empresa(mine.empresa_id) as session:
        assert session.scalars(select(Chat.chat_id).where(Chat.chat_id == CHAT)).all() == []


# --- to whom it goes ---------------------------------------------------------------------------


def test_what_is_written_goes_to_the_chat_that_was_taken_last_however_often(
    negocio: Negocio,
) -> None:
    negocio.enlaza()
    negocio.abre_chats("a", "b")
    for publico in ("a", "b", "a"):
        negocio.escribe(f"/tomar {publico}")
    negocio.escribe("Hola, A.")
    assert (negocio.dicho("a"), negocio.dicho("b")) == (["Hola, A."], [])


def test_of_several_taken_in_one_burst_the_last_is_written_to(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a", "b")
    negocio.escribe_juntos("/tomar b", "/tomar a", "Hola, A.")
    assert (negocio.dicho("a"), negocio.dicho("b")) == (["Hola, A."], [])


def test_a_chat_whose_name_has_spaces_is_taken_by_its_button(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("mostrador 1")
    negocio.escribe("/tomar mostrador 1")
    negocio.escribe("Hola.")
    negocio.escribe("/devolver mostrador 1")
    assert negocio.dicho("mostrador 1") == ["Hola."]


@pytest.mark.parametrize("citado", ["papel:9999", "900:1"])
def test_an_answer_to_who_knows_what_is_sent_to_nobody(negocio: Negocio, citado: str) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe("Son 40.000.", responde_a=citado)
    assert negocio.dicho("a") == []
    assert negocio.entrega()[-1] == (
        "No sé a qué cliente le respondes, así que no lo envié. Responde a uno de sus avisos, o "
        "escríbelo sin responder a nada: le llega a quien tomaste de último."
    )


def test_an_edit_is_not_written_to_whoever_is_at_hand_by_now(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a", "b")
    negocio.escribe("/tomar a")
    negocio.escribe("Vive en la calle 5.")
    negocio.escribe("/tomar b")
    negocio.escribe("Vives en la calle 5.", tipo="edicion")
    assert (negocio.dicho("a"), negocio.dicho("b")) == (["Vive en la calle 5."], [])
    assert negocio.entrega()[-1] == (
        "Lo que ya se envió no cambia al editarlo. Escríbelo de nuevo."
    )


@pytest.mark.parametrize("orden", ["/devolber", "/tomar", "/tomar nadie", "/start", "/ayuda ya"])
def test_no_order_is_ever_said_to_a_customer(negocio: Negocio, orden: str) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe(orden)
    assert negocio.dicho("a") == []


def test_the_start_button_is_no_greeting_to_a_customer(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe("Hola", inicio="")
    assert negocio.dicho("a") == []


def test_of_a_photo_the_words_alone_reach_the_customer_and_that_is_said(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe("Este es el rojo.", medio={"id": "f-1", "tipo": "imagen"})
    assert negocio.dicho("a") == ["Este es el rojo."]
    assert negocio.entrega()[-1] == "Por ahora solo puedo pasarle texto al cliente."


def test_a_number_that_another_bot_used_before_means_the_newest_message(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a", "b")
    for publico in ("a", "b"):
        negocio.escribe(f"/tomar {publico}")
        negocio.papel.enviados.clear()  # as another bot would, it counts from one again
        negocio.entrega()
    negocio.escribe("/tomar a")
    negocio.escribe("Hola, B.", responde_a="papel:1")
    assert (negocio.dicho("a"), negocio.dicho("b")) == ([], ["Hola, B."])


def test_a_long_link_reaches_the_customer_whole(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    link = f"https://pagos.test/{'x' * 400}?fin=1"
    negocio.escribe(f"Paga aquí: {link}")
    assert negocio.dicho("a") == [f"Paga aquí: {link}"]


def test_a_button_that_nobody_remembers_says_nothing_to_a_customer(negocio: Negocio) -> None:
    negocio.enlaza()
    negocio.abre_chats("a")
    negocio.escribe("/tomar a")
    negocio.escribe("Tomar", boton="999999:0")
    assert negocio.dicho("a") == []
