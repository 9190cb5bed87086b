"""Photos and voice notes on the real system, from the page and from another site's."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select, update

from core.models import Archivo, Canal, Mensaje
from tests.acceso import Tienda
from tests.pagina.cliente import Cliente, Visita
from tests.pagina.sistema import Sistema
from tests.pagina.sitio_ajeno import SitioAjeno
from tests.pagina.test_adjuntos import choose_foto, png

PREGUNTA = "¿Cuánto cuesta el martillo?"


@pytest.fixture(autouse=True)
def _con_microfono(navegador: BrowserContext) -> None:
    navegador.grant_permissions(["microphone"])


def send_all_at_once(navegador: BrowserContext, chat: Cliente) -> None:
    """A photo, a voice note and words, kept until there is a network."""
    navegador.set_offline(True)
    choose_foto(chat, png(3000, 1500))
    expect(chat.chat.get_by_text("Foto lista para enviar")).to_be_visible()
    chat.write("Mira")
    chat.chat.get_by_role("button", name="Grabar una nota de voz").click()
    expect(chat.chat.get_by_role("timer")).to_contain_text("0:01 de 5:00")
    chat.chat.get_by_role("button", name="Enviar", exact=True).click()
    expect(chat.own().locator("audio")).to_have_count(1)
    chat.write(PREGUNTA)
    expect(chat.own()).to_have_count(3)
    navegador.set_offline(False)


def expect_shown(chat: Cliente) -> None:
    foto, nota = chat.own().locator(".foto"), chat.own().locator("audio")
    expect(foto).to_have_attribute("data-carga", "lista", timeout=20_000)
    expect(nota).to_have_attribute("data-carga", "lista", timeout=20_000)
    width = "async n => { await n.decode(); return n.naturalWidth; }"
    assert foto.locator("img").evaluate(width) == 2048
    expect(nota).to_have_js_property("error", None)
    expect(chat.own()).to_have_count(3)


def expect_stored_and_answered_once(demo: Tienda) -> None:
    with demo.db.empresa(demo.empresa_id) as session:
        kept = session.execute(select(Archivo.tipo, Archivo.estado).order_by(Archivo.id)).all()
        assert kept == [("imagen", "listo"), ("audio", "listo")]
        said: Any = session.execute(
            select(Mensaje.remitente, Mensaje.tipo).order_by(Mensaje.orden)
        ).all()
    assert said == [
        ("usuario", "imagen"),
        ("usuario", "audio"),
        ("usuario", "texto"),
        ("bot", "texto"),
    ]


def test_what_is_sent_from_the_page_is_kept_shown_and_answered_once(
    demo: Tienda,
    sistema: Sistema,
    navegador: BrowserContext,
    abrir: Callable[[str], Cliente],
) -> None:
    cliente = abrir(sistema.url)
    send_all_at_once(navegador, cliente)
    expect(cliente.theirs()).to_contain_text("32.500", timeout=30_000)
    cliente.page.reload()

    expect_shown(cliente)
    expect(cliente.theirs()).to_have_count(1)
    expect_stored_and_answered_once(demo)


def test_what_is_sent_from_another_site_is_kept_shown_and_answered_once(
    demo: Tienda, sistema: Sistema, sitio: SitioAjeno, navegador: BrowserContext
) -> None:
    with demo.db.empresa(demo.empresa_id) as session:
        session.execute(update(Canal).values(ajustes={"origenes": [sitio.url]}))
    sitio.show(sistema.url, demo.creada.canal_clave)
    page = navegador.new_page()
    page.goto(sitio.url)
    chat = Visita(page).open()
    send_all_at_once(navegador, chat)
    expect(chat.theirs()).to_contain_text("32.500", timeout=30_000)
    page.reload()
    chat = Visita(page).open()

    expect_shown(chat)
    expect(chat.theirs()).to_have_count(1)
    expect_stored_and_answered_once(demo)


def test_a_reload_before_the_shop_has_looked_shows_the_photo_all_the_same(
    demo: Tienda, sistema: Sistema, abrir: Callable[[str], Cliente]
) -> None:
    cliente = abrir(sistema.url)
    choose_foto(cliente, png(800, 600))
    cliente.write("Mira")
    expect(cliente.own("enviado")).to_have_count(1)
    cliente.page.reload()

    expect(cliente.own().locator(".foto")).to_have_attribute("data-carga", "lista", timeout=20_000)
    with demo.db.empresa(demo.empresa_id) as session:
        assert session.scalars(select(Archivo.estado)).all() == ["listo"]
