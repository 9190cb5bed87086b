"""How the page treats the customer: words, keyboard, scrolling, sale cards, small screens."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.pagina.cliente import Cliente
from tests.pagina.tienda_de_guion import TiendaDeGuion

MALICIA = '<img src=x onerror="document.title=1"><script>document.title=2</script>'

VENTA = {
    "id": 12,
    "estado": "confirmada",
    "total": "202305.50",
    "moneda": "COP",
    "lineas": [
        {
            "sku": "MAR-16",
            "nombre": "Martillo de uña 16 oz",
            "cantidad": 7,
            "precio_unitario": "28900.00",
            "subtotal": "202300.00",
        },
        {
            "sku": None,
            "nombre": "Cable dúplex",
            "cantidad": 2.5,
            "precio_unitario": "2.20",
            "subtotal": "5.50",
        },
    ],
}


def test_an_example_starts_the_conversation(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    expect(cliente.page.get_by_role("heading", name="¡Hola! ¿Qué necesitas hoy?")).to_be_visible()
    expect(cliente.page.locator(".ejemplo")).to_have_count(3)
    assert tienda.chats == {}  # who only looks opens nothing
    cliente.page.get_by_role("button", name="Quiero comprar 10 martillos.").click()

    cliente.expect_own("Quiero comprar 10 martillos.")
    expect(cliente.page.locator("#bienvenida")).to_be_hidden()
    expect(cliente.caja).to_be_focused()


def test_enter_sends_and_shift_enter_breaks_the_line(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    expect(cliente.caja).to_be_focused()
    alto = cliente.caja.bounding_box()
    cliente.page.keyboard.type("uno")
    cliente.page.keyboard.press("Shift+Enter")
    cliente.page.keyboard.type("dos")
    crecida = cliente.caja.bounding_box()
    cliente.page.keyboard.press("Enter")

    cliente.expect_own("uno\ndos")
    expect(cliente.caja).to_have_value("")
    expect(cliente.caja).to_be_focused()
    assert alto is not None
    assert crecida is not None
    assert crecida["height"] > alto["height"]
    cliente.page.keyboard.press("Enter")
    cliente.page.keyboard.type("   ")
    cliente.page.keyboard.press("Enter")
    cliente.expect_own("uno\ndos")


def test_markup_is_shown_as_the_text_it_is_from_both_sides(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.nombre = MALICIA
    cliente.page.reload()
    cliente.write(MALICIA)
    cliente.expect_own(MALICIA)
    tienda.say(MALICIA)
    tienda.say(MALICIA, remitente="agente")
    linea = VENTA["lineas"][0] | {"nombre": MALICIA, "sku": MALICIA}  # type: ignore[index]
    tienda.sell(VENTA | {"estado": MALICIA, "moneda": MALICIA, "lineas": [linea]})

    cliente.expect_theirs(MALICIA)
    cliente.expect_theirs(MALICIA, autor="agente")
    expect(cliente.tarjetas).to_contain_text(MALICIA)
    expect(cliente.page.locator(".chat img, .chat script")).to_have_count(0)
    expect(cliente.page).to_have_title(f"Chat con {MALICIA}")


def test_no_word_and_no_token_rides_in_an_address(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.write("secreto")
    tienda.say("confidencial")
    cliente.expect_theirs("confidencial")
    cliente.page.reload()
    cliente.expect_theirs("confidencial")

    assert not [d for d in tienda.direcciones if re.search("secreto|confidencial|token", d)]


def test_a_sale_is_a_card_that_survives_a_reload_and_can_be_cancelled(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Sí.")
    cliente.expect_own("Sí.")
    tienda.sell(VENTA)
    tienda.say("¡Listo!", venta_id=12)
    tienda.say("¿Algo más?")
    cliente.expect_theirs("¡Listo!", "¿Algo más?")
    for _ in range(2):
        tarjeta = cliente.page.get_by_role("article", name="Venta confirmada N.º 12")
        expect(tarjeta.get_by_role("listitem").nth(0)).to_contain_text("Martillo de uña 16 oz")
        expect(tarjeta.get_by_role("listitem").nth(0)).to_contain_text("7 × $28.900")
        expect(tarjeta.get_by_role("listitem").nth(1)).to_contain_text("2,5 × $2,20")
        expect(tarjeta.locator(".total")).to_have_text("$202.305,50")
        # After the words that told of it, whichever came first.
        expect(cliente.page.locator(".item")).to_contain_text(
            ["Hoy", "Sí.", "¡Listo!", "Venta confirmada", "¿Algo más?"]
        )
        cliente.page.reload()
    cliente.expect_live()
    tienda.sell({"id": 12, "estado": "cancelada"})

    expect(cliente.page.get_by_role("article", name="Venta cancelada N.º 12")).to_be_visible()
    expect(cliente.tarjetas).to_have_count(1)


def test_typing_shows_until_the_answer_comes(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.write("Hola")
    cliente.expect_live()
    tienda.type_something(True)
    expect(cliente.page.locator("#escribiendo")).to_be_visible()
    expect(cliente.page.locator("#linea")).to_have_text("Escribiendo…")
    tienda.say("Buenas.")

    cliente.expect_theirs("Buenas.")
    expect(cliente.page.locator("#escribiendo")).to_be_hidden()


def test_a_person_of_the_shop_is_told_from_the_bot(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.write("Hola")
    tienda.say("Soy el asistente.")
    tienda.say("Soy Marta.", remitente="agente")

    cliente.expect_theirs("Soy Marta.", autor="agente")
    expect(cliente.page.get_by_text("Una persona de la tienda")).to_be_visible()


def test_who_reads_above_is_not_moved_only_told(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.write("Hola")
    for n in range(30):
        tienda.say(f"Producto {n}")
    expect(cliente.theirs().last).to_be_in_viewport()  # who is at the end stays there
    cliente.hilo.evaluate("caja => caja.scrollTo(0, 300)")
    expect(cliente.pildora).to_have_text("Ir al final")
    tienda.say("Nuevo")
    tienda.say("Y otro")

    expect(cliente.pildora).to_have_text("2 mensajes nuevos")
    assert cliente.scroll_top() == 300
    cliente.pildora.click()
    expect(cliente.theirs().last).to_be_in_viewport()
    expect(cliente.pildora).to_be_hidden()
    cliente.hilo.evaluate("caja => caja.scrollTo(0, 0)")
    cliente.write("Gracias")
    expect(cliente.own().last).to_be_in_viewport()


def test_a_draft_outlives_a_reload(cliente: Cliente) -> None:
    cliente.caja.fill("Quiero comprar")
    cliente.page.reload()
    expect(cliente.caja).to_have_value("Quiero comprar")


def test_a_long_message_is_stopped_at_what_the_shop_takes(cliente: Cliente) -> None:
    cliente.caja.fill("a" * 3990)
    expect(cliente.page.get_by_text("Quedan 10 caracteres")).to_be_visible()
    cliente.caja.press_sequentially("b" * 12)
    expect(cliente.caja).to_have_value("a" * 3990 + "b" * 10)


def test_screen_readers_hear_what_is_new_and_not_the_history(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    registro = cliente.page.get_by_role("log")
    expect(registro).to_have_attribute("aria-live", "off")
    cliente.write("Hola")
    expect(registro).to_have_attribute("aria-live", "polite")
    tienda.rechazos = [503] * 9
    cliente.write("¿Hay clavos?")
    expect(registro.locator("[data-estado=sin_enviar]")).to_contain_text("Sin enviar")
    expect(registro).to_have_attribute("aria-relevant", "additions")


def test_a_message_is_read_out_once_whatever_becomes_of_it(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.rechazos = [503, 503, 503]
    cliente.write("Hola")
    expect(cliente.own("sin_enviar")).to_have_count(1)
    cliente.own().evaluate("burbuja => { burbuja.title = 'la misma' }")
    cliente.expect_own("Hola")

    expect(cliente.own()).to_have_attribute("title", "la misma")
    expect(cliente.page.locator(".pie")).to_have_attribute("aria-live", "off")


def test_starting_anew_asks_first(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    nueva = cliente.page.get_by_role("button", name="Nueva conversación")
    expect(nueva).to_be_hidden()
    cliente.write("Hola")
    cliente.expect_own("Hola")
    nueva.click()
    expect(cliente.page.get_by_role("dialog")).to_be_visible()
    cliente.page.keyboard.press("Escape")
    cliente.expect_own("Hola")
    nueva.click()
    cliente.page.get_by_role("button", name="Empezar de nuevo").click()

    expect(cliente.page.locator("#bienvenida")).to_be_visible()
    expect(cliente.own()).to_have_count(0)
    expect(cliente.caja).to_be_focused()


def test_every_control_is_reached_and_worked_by_keyboard(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    cliente.caja.fill("borrador")
    for key, name in (
        ("Tab", "foto"),
        ("Tab", "enviar"),
        ("Shift+Tab", "foto"),
        ("Shift+Tab", "mensaje"),
        ("Shift+Tab", "hilo"),
        ("Shift+Tab", "nueva"),
    ):
        cliente.page.keyboard.press(key)
        stop = cliente.page.locator(f"#{name}")
        expect(stop).to_be_focused()
        if name != "mensaje":  # its box shows it instead
            expect(stop).to_have_css("outline-style", "solid")
    cliente.page.keyboard.press("Enter")
    cliente.page.keyboard.press("Enter")  # the dialog begins at its harmless button
    expect(cliente.page.get_by_role("dialog")).to_be_hidden()
    cliente.expect_own("Hola")
    cliente.page.keyboard.press("Shift+Tab")
    cliente.page.keyboard.press("Enter")
    expect(cliente.caja).to_be_focused()  # by the link that skips to it
    cliente.page.keyboard.press("End")
    cliente.page.keyboard.press("Tab")
    cliente.page.keyboard.press("Tab")
    cliente.page.keyboard.press("Space")
    cliente.expect_own("Hola", "borrador")


def test_it_works_on_plain_http_of_a_local_network(
    tienda: TiendaDeGuion, abrir: Callable[[str], Cliente]
) -> None:
    """No secure context there: neither crypto.randomUUID nor navigator.locks."""
    cliente = abrir(tienda.url.replace("127.0.0.1", "tienda.test"))
    assert cliente.page.evaluate("window.isSecureContext") is False
    cliente.write("Hola")
    cliente.write("¿Hay clavos?")

    cliente.expect_own("Hola", "¿Hay clavos?")
    assert all(UUID(sent).version == 4 for sent in tienda.recibidos)


def test_it_works_where_the_browser_keeps_nothing(
    tienda: TiendaDeGuion, navegador: BrowserContext, abrir: Callable[[str], Cliente]
) -> None:
    navegador.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('no'); } });"
    )
    cliente = abrir(tienda.url)
    tienda.rechazos = [503]
    cliente.write("Hola")
    tienda.say("Buenas.")

    cliente.expect_own("Hola")
    cliente.expect_theirs("Buenas.")
    assert len(tienda.chats) == 1


@pytest.mark.parametrize("ancho", [320, 360, 1280])
def test_nothing_sticks_out_sideways(
    tienda: TiendaDeGuion, navegador: BrowserContext, abrir: Callable[[str], Cliente], ancho: int
) -> None:
    cliente = abrir(tienda.url)
    cliente.page.set_viewport_size({"width": ancho, "height": 640})
    cliente.write("x" * 300)
    tienda.say("y" * 300)
    linea = VENTA["lineas"][0] | {"nombre": "z" * 100}  # type: ignore[index]
    tienda.sell(VENTA | {"lineas": [linea], "total": "99999999999.99"})
    expect(cliente.tarjetas).to_be_visible()

    for selector in ("html", "#hilo"):
        overflow = cliente.page.locator(selector).evaluate("n => n.scrollWidth - n.clientWidth")
        assert overflow <= 0, selector
    box = cliente.caja.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 640
