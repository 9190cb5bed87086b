"""Answers to press: the same outbox as words, so nothing lost and nothing twice."""

from playwright.sync_api import BrowserContext, expect

from tests.pagina.cliente import Cliente
from tests.pagina.tienda_de_guion import TiendaDeGuion

SI_NO = [{"id": "101:0", "texto": "Sí, confirmar"}, {"id": "101:1", "texto": "No, gracias"}]


def test_pressing_an_answer_says_its_words_and_names_it(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("10 martillos")
    cliente.expect_own("10 martillos")
    tienda.say("Hay 7. ¿Los quieres?", botones=SI_NO)
    expect(cliente.opciones.get_by_role("button")).to_have_text(["Sí, confirmar", "No, gracias"])
    expect(cliente.opciones.get_by_role("status")).to_have_text(
        "Puedes elegir: Sí, confirmar · No, gracias"
    )
    cliente.page.reload()
    cliente.opciones.get_by_role("button", name="Sí, confirmar").click()

    cliente.expect_own("10 martillos", "Sí, confirmar")
    expect(cliente.opciones).to_be_hidden()
    expect(cliente.caja).to_be_focused()
    assert tienda.pulsados == [None, "101:0"]


def test_answers_go_once_something_was_said_or_the_shop_goes_on(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.say("¿Los quieres?", botones=SI_NO)
    expect(cliente.opciones).to_be_visible()
    tienda.rechazos = [503] * 50
    cliente.write("Espera")  # said, though the shop does not know yet
    expect(cliente.opciones).to_be_hidden()
    tienda.rechazos = []
    cliente.expect_own("Hola", "Espera")
    tienda.say("¿Y ahora?", botones=SI_NO[:1])
    expect(cliente.opciones.get_by_role("button")).to_have_count(1)
    tienda.say("Olvídalo.", botones=[])

    cliente.expect_theirs("¿Los quieres?", "¿Y ahora?", "Olvídalo.")
    expect(cliente.opciones).to_be_hidden()


def test_answers_are_reached_and_pressed_by_keyboard(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.say("¿Los quieres?", botones=SI_NO)
    expect(cliente.opciones).to_be_visible()
    cliente.caja.focus()
    cliente.page.keyboard.press("Shift+Tab")
    no = cliente.opciones.get_by_role("button", name="No, gracias")
    expect(no).to_be_focused()
    expect(no).to_have_css("outline-style", "solid")
    cliente.page.keyboard.press("Enter")

    cliente.expect_own("Hola", "No, gracias")
    assert tienda.pulsados[-1] == "101:1"


def test_an_answer_pressed_offline_is_said_once_when_the_network_is_back(
    tienda: TiendaDeGuion, cliente: Cliente, navegador: BrowserContext
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.say("¿Los quieres?", botones=SI_NO)
    expect(cliente.opciones).to_be_visible()
    navegador.set_offline(True)
    cliente.opciones.get_by_role("button", name="Sí, confirmar").click()
    expect(cliente.opciones).to_be_hidden()
    navegador.set_offline(False)

    cliente.expect_own("Hola", "Sí, confirmar")
    assert tienda.pulsados == [None, "101:0"]


def test_states_of_delivery_that_the_page_does_not_know_break_nothing(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    for entrega in ("entregada", "leida", "otra"):
        tienda.say(entrega, entrega=entrega, tipo="otro", archivo={"id": 9, "tipo": "video"})
    cliente.expect_theirs("entregada", "leida", "otra")
