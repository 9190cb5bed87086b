"""The page against a shop that fails in every way it can: nothing lost, nothing twice."""

from collections.abc import Callable
from threading import Event

from playwright.sync_api import BrowserContext, expect

from tests.pagina.cliente import Cliente
from tests.pagina.tienda_de_guion import TiendaDeGuion


def test_a_refused_message_is_sent_again_under_the_same_id(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.rechazos = [503, 500]
    cliente.write("Hola")

    expect(cliente.own("sin_enviar")).to_have_text("Hola")
    cliente.expect_own("Hola")
    assert len(tienda.recibidos) == 3
    assert len(set(tienda.recibidos)) == 1


def test_a_message_whose_acknowledgement_was_lost_is_not_doubled(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.cola_llena = True  # so that no event tells the page either
    tienda.cut()
    tienda.tragados = 1
    cliente.write("¿Hay clavos?")

    cliente.expect_own("Hola", "¿Hay clavos?")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["Hola", "¿Hay clavos?"]


def test_messages_leave_in_the_order_they_were_written(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.rechazos = [503, 503]
    for texto in ("uno", "dos", "tres"):
        cliente.write(texto)

    cliente.expect_own("uno", "dos", "tres")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["uno", "dos", "tres"]


def test_a_reload_in_the_middle_of_sending_keeps_the_message(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.rechazos = [503] * 100
    cliente.write("No me pierdas")
    expect(cliente.own("sin_enviar")).to_have_count(1)
    cliente.page.reload()
    expect(cliente.own()).to_have_text("No me pierdas")
    tienda.rechazos = []

    cliente.expect_own("No me pierdas")
    assert len(set(tienda.recibidos)) == 1
    cliente.page.reload()
    cliente.expect_own("No me pierdas")


def test_a_reload_while_the_shop_is_taking_a_message_does_not_double_it(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.retenidos = Event()
    with cliente.page.expect_request("**/chat/texto"):
        cliente.write("Una sola vez")
    expect(cliente.own("enviando")).to_have_text("Una sola vez")
    cliente.page.reload()
    expect(cliente.own()).to_have_text(["Hola", "Una sola vez"])
    tienda.retenidos.set()

    cliente.expect_own("Hola", "Una sola vez")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["Hola", "Una sola vez"]


def test_what_is_written_offline_leaves_when_the_network_is_back(
    tienda: TiendaDeGuion, cliente: Cliente, navegador: BrowserContext
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    navegador.set_offline(True)
    expect(cliente.aviso).to_have_text(
        "Sin conexión a internet. Lo que escribas saldrá cuando vuelva."
    )
    cliente.write("¿Siguen ahí?")
    cliente.write("Espero.")
    expect(cliente.own("enviado")).to_have_count(1)
    tienda.say("Aquí seguimos.")
    navegador.set_offline(False)

    cliente.expect_own("Hola", "¿Siguen ahí?", "Espero.")
    cliente.expect_theirs("Aquí seguimos.")
    expect(cliente.aviso).to_have_text("Conexión recuperada.")


def test_a_first_message_written_offline_opens_the_chat_later(
    tienda: TiendaDeGuion, cliente: Cliente, navegador: BrowserContext
) -> None:
    navegador.set_offline(True)
    cliente.write("Hola")
    expect(cliente.own("sin_enviar")).to_have_text("Hola")
    assert tienda.chats == {}
    navegador.set_offline(False)

    cliente.expect_own("Hola")
    assert len(tienda.chats) == 1


def test_a_cut_stream_resumes_without_losing_or_doubling(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    for n in range(3):
        cliente.expect_live()
        tienda.say(f"antes {n}")
        tienda.cut()
        tienda.say(f"durante {n}")

    cliente.expect_theirs(*(f"{cuando} {n}" for n in range(3) for cuando in ("antes", "durante")))


def test_a_server_that_dies_and_returns_is_found_again(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    tienda.say("Buenas.")
    cliente.expect_theirs("Buenas.")
    tienda.stop()
    cliente.write("¿Hay martillos?")
    expect(cliente.own("sin_enviar")).to_have_text("¿Hay martillos?")
    expect(cliente.aviso).to_have_text("Se perdió la conexión con la tienda. Reconectando…")
    tienda.start()

    cliente.expect_own("Hola", "¿Hay martillos?")
    tienda.say("Quedan 7.")
    cliente.expect_theirs("Buenas.", "Quedan 7.")
    expect(cliente.page.get_by_role("button", name="Reintentar")).to_have_count(0)


def test_retrying_by_hand_sends_at_once(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    cliente.expect_live()
    tienda.rechazos, tienda.espera = [503], 3600  # by itself the page would wait an hour
    cliente.write("¿Hay clavos?")
    expect(cliente.own("sin_enviar")).to_have_text("¿Hay clavos?")
    cliente.page.get_by_role("button", name="Reintentar").click()

    cliente.expect_own("Hola", "¿Hay clavos?")


def test_events_told_twice_are_shown_once(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    tienda.repite = 3
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.say("Buenas.")
    tienda.say("¿Qué necesitas?")

    cliente.expect_theirs("Buenas.", "¿Qué necesitas?")
    cliente.expect_own("Hola")


def test_a_line_that_went_silent_is_given_up_and_dialled_again(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.page.clock.install()
    cliente.write("Hola")
    cliente.expect_own("Hola")
    cliente.expect_live()
    tienda.mudo = True
    tienda.say("¿Me oyes?")
    cliente.page.clock.run_for(30_000)
    expect(cliente.theirs()).to_have_count(0)
    tienda.mudo = False
    cliente.page.clock.run_for(60_000)

    cliente.expect_theirs("¿Me oyes?")


def test_without_a_free_live_line_the_history_is_asked_instead(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.cola_llena = True
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.say("Buenas.")

    cliente.expect_theirs("Buenas.")


def test_two_tabs_show_one_conversation(
    tienda: TiendaDeGuion, cliente: Cliente, abrir: Callable[[str], Cliente]
) -> None:
    otra = abrir(tienda.url)
    cliente.write("Desde la primera")
    cliente.expect_own("Desde la primera")
    otra.expect_own("Desde la primera")
    otra.write("Desde la segunda")
    tienda.say("Los leo a ambos.")

    for tab in (cliente, otra):
        tab.expect_own("Desde la primera", "Desde la segunda")
        tab.expect_theirs("Los leo a ambos.")
    assert len(tienda.chats) == 1


def test_two_tabs_share_the_outbox_without_sending_twice(
    tienda: TiendaDeGuion, cliente: Cliente, abrir: Callable[[str], Cliente]
) -> None:
    otra = abrir(tienda.url)
    tienda.rechazos = [503] * 3
    cliente.write("uno")
    expect(otra.own()).to_have_text("uno")
    otra.write("dos")

    for tab in (cliente, otra):
        tab.expect_own("uno", "dos")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["uno", "dos"]


def test_a_new_conversation_in_one_tab_reaches_the_other(
    tienda: TiendaDeGuion, cliente: Cliente, abrir: Callable[[str], Cliente]
) -> None:
    otra = abrir(tienda.url)
    cliente.write("Hola")
    otra.expect_own("Hola")
    cliente.page.bring_to_front()
    cliente.page.get_by_role("button", name="Nueva conversación").click()
    cliente.page.get_by_role("button", name="Empezar de nuevo").click()
    for tab in (cliente, otra):
        expect(tab.own()).to_have_count(0)
    cliente.write("Otra vez")

    for tab in (cliente, otra):
        tab.expect_own("Otra vez")
    assert len(tienda.chats) == 2


def test_a_revoked_token_opens_a_new_session_and_says_so(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    tienda.say("Buenas.")
    cliente.expect_theirs("Buenas.")
    tienda.chat.token = "revocado"
    tienda.rechazos = [503]
    cliente.write("¿Y clavos?")  # not taken yet: it belongs to the new conversation

    expect(cliente.aviso).to_have_text(
        "Tu sesión anterior terminó. Empezamos una conversación nueva."
    )
    expect(cliente.page.get_by_text("Fin de la conversación anterior")).to_be_visible()
    cliente.expect_theirs("Buenas.")
    cliente.expect_own("Hola", "¿Y clavos?")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["¿Y clavos?"]
    cliente.page.reload()
    cliente.expect_own("¿Y clavos?")


def test_a_message_that_can_never_be_taken_waits_for_its_author(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.rechazos = [422]
    cliente.write("malo")
    expect(cliente.own("rechazado")).to_have_text("malo")
    cliente.write("bueno")  # the queue goes on behind it
    expect(cliente.own("enviado")).to_have_text("bueno")
    assert len(tienda.recibidos) == 2
    cliente.page.get_by_role("button", name="Descartar").click()

    cliente.expect_own("bueno")
