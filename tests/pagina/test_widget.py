"""The chat on somebody's own site: a real Chromium, a page of another origin, a scripted shop."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from core.cuentas.ajustes_web import AjustesWeb
from tests.pagina.cliente import Visita
from tests.pagina.sitio_ajeno import SitioAjeno
from tests.pagina.tienda_de_guion import CLAVE, TiendaDeGuion
from web.colores import make_tema

ESTRICTA = (
    "default-src 'none'; style-src 'self'; script-src {tienda}; frame-src {tienda}; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HOSTIL = ":root * { display: none !important; font-size: 40px !important; opacity: 0 !important; }"


@pytest.fixture
def visitar(
    tienda: TiendaDeGuion, sitio: SitioAjeno, navegador: BrowserContext, errores: list[str]
) -> Iterator[Callable[[], Visita]]:
    tienda.ajustes = AjustesWeb(origenes=[sitio.url])
    sitio.show(tienda.url, CLAVE)

    def visit() -> Visita:
        page = navegador.new_page()
        page.on("pageerror", lambda error: errores.append(str(error)))
        page.on(
            "console",
            lambda m: errores.append(m.text) if "Security Policy" in m.text else None,
        )
        page.goto(sitio.url)
        return Visita(page)

    yield visit
    assert errores == []


@pytest.fixture
def visita(visitar: Callable[[], Visita]) -> Visita:
    return visitar()


def css(locator: Locator, name: str) -> str:
    value: str = locator.evaluate("(n, name) => getComputedStyle(n)[name]", name)
    return value


def as_rgb(color: str) -> str:
    return f"rgb({', '.join(str(n) for n in bytes.fromhex(color[1:]))})"


def test_nothing_of_the_chat_is_loaded_until_it_is_opened(
    tienda: TiendaDeGuion, visita: Visita
) -> None:
    expect(visita.boton).to_have_attribute("aria-expanded", "false")
    expect(visita.boton).to_have_accessible_name("Abrir el chat con Ferretería El Tornillo")
    expect(visita.marcos).to_have_count(0)
    assert not [d for d in tienda.direcciones if "chat.js" in d or "/chat/" in d]
    visita.open()

    expect(visita.boton).to_have_attribute("aria-expanded", "true")
    expect(visita.chat.caja).to_be_focused()
    assert tienda.chats == {}  # who only looks opens nothing
    assert visita.page.evaluate(
        "Object.keys(window).filter(k => /agente|canal/i.test(k) && !k.startsWith('on'))"
    ) == ["AgenteVendedor"]


def test_a_conversation_survives_a_reload_of_the_other_site(
    tienda: TiendaDeGuion, visita: Visita
) -> None:
    chat = visita.open()
    chat.write("Hola")
    tienda.say("Buenas.")
    chat.expect_theirs("Buenas.")
    visita.page.reload()
    visita.open()

    chat.expect_own("Hola")
    chat.expect_theirs("Buenas.")
    assert len(tienda.chats) == 1


def test_what_comes_while_it_is_closed_is_counted_on_the_button(
    tienda: TiendaDeGuion, visita: Visita
) -> None:
    chat = visita.open()
    chat.write("Hola")
    chat.expect_own("Hola")
    chat.expect_live()
    visita.boton.click()
    expect(visita.panel).to_be_hidden()
    tienda.say("Buenas.")
    tienda.say("¿Qué necesitas?")
    expect(visita.globo).to_have_text("2")
    expect(visita.boton).to_have_accessible_name(
        "Abrir el chat con Ferretería El Tornillo, 2 sin leer"
    )
    visita.page.reload()  # another page of the site: still unread
    expect(visita.globo).to_have_text("2")
    visita.open()
    chat.expect_theirs("Buenas.", "¿Qué necesitas?")
    expect(visita.globo).to_be_hidden()
    visita.boton.click()
    visita.page.reload()

    expect(visita.marcos).to_have_count(1)
    chat.expect_live()
    expect(visita.globo).to_be_hidden()


def test_a_site_that_the_shop_did_not_name_gets_no_button_and_no_frame(
    tienda: TiendaDeGuion, sitio: SitioAjeno, navegador: BrowserContext
) -> None:
    tienda.ajustes = AjustesWeb(origenes=["https://otra.test"])
    sitio.show(tienda.url, CLAVE)
    page = navegador.new_page()
    with page.expect_console_message(lambda m: "no está entre sus orígenes" in m.text):
        page.goto(sitio.url)
    expect(page.locator("button")).to_have_count(0)
    with page.expect_console_message(lambda m: "frame-ancestors" in m.text):
        page.evaluate(
            "url => { const marco = document.createElement('iframe'); marco.src = url;"
            " document.body.append(marco); }",
            f"{tienda.url}/widget/{CLAVE}",
        )
    expect(page.frame_locator("iframe").locator("#mensaje")).to_have_count(0)


def test_a_site_with_a_strict_policy_needs_two_directives(
    tienda: TiendaDeGuion, sitio: SitioAjeno, visitar: Callable[[], Visita]
) -> None:
    sitio.csp = ESTRICTA.format(tienda=tienda.url)
    visita = visitar()
    chat = visita.open()
    chat.write("Hola")

    chat.expect_own("Hola")
    assert css(visita.boton, "position") == "fixed"
    assert css(visita.boton, "backgroundColor") == "rgb(15, 118, 110)"


def test_the_site_s_own_styles_do_not_reach_it(
    sitio: SitioAjeno, visitar: Callable[[], Visita]
) -> None:
    sitio.css = HOSTIL
    visita = visitar()
    expect(visita.page.get_by_text("Un enlace")).to_be_hidden()
    box = visita.boton.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (60, 60)
    chat = visita.open()
    chat.write("Hola")

    chat.expect_own("Hola")
    assert css(chat.caja, "fontSize") == "16px"


def test_it_is_worked_by_keyboard_alone(tienda: TiendaDeGuion, visita: Visita) -> None:
    expect(visita.boton).to_be_visible()
    keyboard = visita.page.keyboard
    keyboard.press("Tab")
    expect(visita.page.get_by_text("Un enlace")).to_be_focused()
    keyboard.press("Tab")
    expect(visita.boton).to_be_focused()
    assert css(visita.boton, "outlineStyle") == "solid"
    keyboard.press("Enter")
    expect(visita.chat.caja).to_be_focused()
    keyboard.type("Hola")
    keyboard.press("Enter")
    visita.chat.expect_own("Hola")
    keyboard.press("Escape")
    expect(visita.panel).to_be_hidden()
    expect(visita.boton).to_be_focused()
    keyboard.press("Space")
    expect(visita.chat.caja).to_be_focused()
    visita.chat.chat.get_by_role("button", name="Cerrar el chat").focus()
    keyboard.press("Enter")

    expect(visita.panel).to_be_hidden()
    expect(visita.boton).to_be_focused()
    expect(visita.boton).to_have_attribute("aria-expanded", "false")


def test_a_question_in_the_chat_takes_the_escape_that_closes_it(visita: Visita) -> None:
    chat = visita.open()
    chat.write("Hola")
    chat.expect_own("Hola")
    chat.chat.get_by_role("button", name="Nueva conversación").click()
    dialogo = chat.chat.locator("#dialogo")
    expect(dialogo).to_be_visible()
    visita.page.keyboard.press("Escape")

    expect(dialogo).to_be_hidden()
    expect(visita.panel).to_be_visible()


def test_what_is_written_offline_leaves_once_when_the_network_is_back(
    tienda: TiendaDeGuion, visita: Visita, navegador: BrowserContext
) -> None:
    chat = visita.open()
    chat.write("Hola")
    chat.expect_own("Hola")
    navegador.set_offline(True)
    chat.write("¿Siguen ahí?")
    expect(chat.own("sin_enviar")).to_have_text("¿Siguen ahí?")
    navegador.set_offline(False)

    chat.expect_own("Hola", "¿Siguen ahí?")
    assert [m["mensaje"] for m in tienda.chat.mensajes] == ["Hola", "¿Siguen ahí?"]


def test_it_works_where_the_browser_denies_a_frame_every_storage(
    tienda: TiendaDeGuion, navegador: BrowserContext, visitar: Callable[[], Visita]
) -> None:
    navegador.add_init_script(
        "const no = { get() { throw new DOMException('no', 'SecurityError'); } };"
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        " Object.defineProperty(window, name, no);"
        "if (navigator.locks) navigator.locks.request ="
        " () => Promise.reject(new DOMException('no', 'SecurityError'));"
    )
    visita = visitar()
    chat = visita.open()
    tienda.rechazos = [503]
    chat.write("Hola")
    tienda.say("Buenas.")

    chat.expect_own("Hola")
    chat.expect_theirs("Buenas.")
    assert len(tienda.chats) == 1


def test_the_shop_s_colours_and_greeting_appear(
    tienda: TiendaDeGuion, sitio: SitioAjeno, visitar: Callable[[], Visita]
) -> None:
    tienda.ajustes = AjustesWeb(
        origenes=[sitio.url],
        color="#4a1030",
        titulo="Doña Rosa",
        saludo="¿Flores para quién?",
        ejemplos=["Un ramo de rosas"],
        posicion="izquierda",
    )
    visita = visitar()
    assert css(visita.boton, "backgroundColor") == "rgb(74, 16, 48)"
    box = visita.boton.bounding_box()
    assert box is not None
    assert box["x"] == 20
    chat = visita.open()
    expect(chat.chat.get_by_role("heading", name="Doña Rosa")).to_be_visible()
    expect(chat.chat.get_by_role("heading", name="¿Flores para quién?")).to_be_visible()
    chat.chat.get_by_role("button", name="Un ramo de rosas").click()

    chat.expect_own("Un ramo de rosas")
    assert css(chat.own(), "backgroundColor") == "rgb(74, 16, 48)"
    visita.page.emulate_media(color_scheme="dark")
    oscuro = make_tema("#4a1030")["oscuro"]["--propia"]  # type: ignore[index]
    expect(chat.own()).to_have_css("background-color", as_rgb(oscuro))


def test_on_a_phone_it_fills_the_screen_and_closes_from_within(visita: Visita) -> None:
    visita.page.set_viewport_size({"width": 360, "height": 640})
    chat = visita.open()
    expect(visita.boton).to_be_hidden()
    assert visita.panel.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 640}
    chat.chat.get_by_role("button", name="Cerrar el chat").click()

    expect(visita.panel).to_be_hidden()
    expect(visita.boton).to_be_visible()


def test_only_the_named_site_is_heard_by_the_frame_and_the_frame_by_the_site(
    tienda: TiendaDeGuion, visita: Visita
) -> None:
    chat = visita.open()
    chat.write("Hola")
    chat.expect_own("Hola")
    visita.page.evaluate(
        "canal => { for (const tipo of ['cerrar', 'sin_leer'])"
        " window.postMessage({ agente: canal, tipo, valor: 7 }, '*'); }",
        CLAVE,
    )
    # Heard after those two, so they have been read by now.
    visita.page.evaluate(
        "() => new Promise(done => { addEventListener('message', done, { once: true });"
        " window.postMessage('fin', '*'); })"
    )

    expect(visita.panel).to_be_visible()
    expect(visita.globo).to_be_hidden()


def test_less_motion_is_obeyed(visita: Visita) -> None:
    visita.page.emulate_media(reduced_motion="reduce")
    visita.open()
    assert css(visita.panel, "animationName") == "none"


def test_closing_the_chat_closes_the_microphone_and_keeps_what_was_said(
    tienda: TiendaDeGuion, navegador: BrowserContext, visitar: Callable[[], Visita]
) -> None:
    navegador.grant_permissions(["microphone"])
    visita = visitar()
    chat = visita.open()
    chat.chat.get_by_role("button", name="Grabar una nota de voz").click()
    expect(chat.chat.get_by_role("timer")).to_contain_text("0:01")
    visita.boton.click()
    expect(visita.panel).to_be_hidden()
    expect(visita.boton).to_be_focused()
    visita.boton.click()
    expect(chat.chat.get_by_label("Nota de voz lista para enviar")).to_be_visible()
    chat.chat.get_by_role("button", name="Enviar", exact=True).click()

    expect(chat.own("enviado").locator("audio")).to_have_attribute("data-carga", "lista")
    assert len(tienda.archivos) == 1
