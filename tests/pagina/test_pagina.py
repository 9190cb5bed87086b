"""The page on the real system: PostgreSQL, Valkey, gunicorn, a Celery worker, a Chromium."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select, update

from core.models import Canal, Chat, Mensaje, Producto, Rol, Sesion, Venta
from tests.acceso import Tienda
from tests.pagina.cliente import Cliente, Visita
from tests.pagina.sistema import Sistema
from tests.pagina.sitio_ajeno import SitioAjeno

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@pytest.fixture
def cliente(sistema: Sistema, demo: Tienda, abrir: Callable[[str], Cliente]) -> Cliente:
    return abrir(sistema.url)


def post(client: FlaskClient, tienda: Tienda, ruta: str, body: Any = None) -> Any:
    answer = client.post(ruta, json=body or {}, headers=tienda.headers(Rol.VENDEDOR))
    assert answer.status_code < 300, answer.text
    return answer.json


def chat_of(tienda: Tienda) -> str:
    """The public name of the one chat there is."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        return session.scalars(select(Chat.chat_id)).one()


def test_the_page_has_the_demo_shops_key_and_no_inline_code(
    client: FlaskClient, demo: Tienda
) -> None:
    answer = client.get("/")

    assert answer.status_code == 200
    assert f'data-canal="{demo.creada.canal_clave}"' in answer.text
    assert "Ferretería El Yunque" in answer.text
    assert answer.headers["Content-Security-Policy"] == _CSP
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert " style=" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    with client.get("/static/chat.js") as script:
        assert script.headers["X-Content-Type-Options"] == "nosniff"


def test_an_installation_without_a_demo_shop_says_so(client: FlaskClient) -> None:
    answer = client.get("/")

    assert answer.status_code == 404
    assert "Todavía no hay una tienda aquí" in answer.text
    assert answer.headers["Content-Security-Policy"] == _CSP


def test_the_conversation_of_the_mission_ends_in_a_sale_card(
    demo: Tienda, cliente: Cliente
) -> None:
    cliente.write("Quiero comprar 10 martillos.")
    expect(cliente.theirs()).to_contain_text("7", timeout=20_000)
    cliente.write("Sí.")
    tarjeta = cliente.page.get_by_role("article")
    expect(tarjeta).to_contain_text("Venta confirmada", timeout=20_000)
    expect(tarjeta).to_contain_text("7 × $32.500")
    expect(tarjeta.locator(".total")).to_have_text("$227.500")
    cliente.page.reload()
    cliente.expect_own("Quiero comprar 10 martillos.", "Sí.")
    expect(tarjeta.locator(".total")).to_have_text("$227.500")

    with demo.db.empresa(demo.empresa_id) as session:
        assert session.scalars(select(Venta.estado)).all() == ["confirmada"]
        assert session.scalars(select(Producto.stock)).one() == 0


def test_the_same_conversation_on_another_site_ends_with_a_press_of_a_button(
    demo: Tienda, sistema: Sistema, sitio: SitioAjeno, navegador: BrowserContext
) -> None:
    with demo.db.empresa(demo.empresa_id) as session:
        session.execute(update(Canal).values(ajustes={"origenes": [sitio.url]}))
    sitio.show(sistema.url, demo.creada.canal_clave)
    page = navegador.new_page()
    page.goto(sitio.url)
    visita = Visita(page)
    chat = visita.open()
    chat.write("Quiero comprar 10 martillos.")
    expect(chat.theirs()).to_contain_text("7", timeout=20_000)
    chat.opciones.get_by_role("button", name="Confirmar").click()
    expect(chat.tarjetas).to_contain_text("Venta confirmada", timeout=20_000)
    expect(chat.opciones).to_be_hidden()
    page.reload()
    visita.open()

    expect(chat.tarjetas.locator(".total")).to_have_text("$227.500")
    chat.expect_own("Quiero comprar 10 martillos.", "Confirmar")
    with demo.db.empresa(demo.empresa_id) as session:
        assert session.scalars(select(Venta.estado)).all() == ["confirmada"]
        assert session.scalars(select(Producto.stock)).one() == 0


def test_what_is_written_while_the_web_is_dead_arrives_once(
    demo: Tienda, sistema: Sistema, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    expect(cliente.theirs()).to_have_count(1, timeout=20_000)
    sistema.kill_web()
    cliente.write("¿Hay martillos?")
    expect(cliente.own("sin_enviar")).to_have_text("¿Hay martillos?")
    sistema.start_web()

    expect(cliente.theirs()).to_have_count(2, timeout=30_000)
    cliente.expect_own("Hola", "¿Hay martillos?")
    cliente.page.reload()
    cliente.expect_own("Hola", "¿Hay martillos?")
    expect(cliente.theirs()).to_have_count(2)
    with demo.db.empresa(demo.empresa_id) as session:
        suyos = select(Mensaje.texto).where(Mensaje.remitente == "usuario").order_by(Mensaje.orden)
        assert session.scalars(suyos).all() == ["Hola", "¿Hay martillos?"]


def test_a_person_of_the_shop_answers_and_sells_in_the_open_page(
    demo: Tienda, client: FlaskClient, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    chat_id = chat_of(demo)
    post(client, demo, f"/chats/{chat_id}/tomar")
    post(client, demo, f"/chats/{chat_id}/mensajes", {"mensaje": "Soy Marta."})
    cliente.expect_theirs("Soy Marta.", autor="agente")
    lineas = [{"sku": "HM-101", "cantidad": 2}]
    venta = post(client, demo, "/ventas/", {"chat_id": chat_id, "lineas": lineas})
    expect(cliente.page.get_by_role("article")).to_contain_text("Venta confirmada")
    expect(cliente.page.locator(".total")).to_have_text("$65.000")
    post(client, demo, f"/ventas/{venta['id']}/cancelar")

    expect(cliente.page.get_by_role("article")).to_contain_text("Venta cancelada")
    cliente.page.reload()
    expect(cliente.page.get_by_role("article")).to_contain_text("Venta cancelada")


def test_a_revoked_chat_goes_on_in_a_new_one(demo: Tienda, cliente: Cliente) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    with demo.db.empresa(demo.empresa_id) as session:
        session.execute(update(Sesion).values(revocada_en=Sesion.creada_en))
    cliente.write("¿Siguen ahí?")

    expect(cliente.aviso).to_contain_text("Empezamos una conversación nueva.")
    cliente.expect_own("Hola", "¿Siguen ahí?")
    with demo.db.empresa(demo.empresa_id) as session:
        per_chat = session.execute(
            select(Mensaje.chat_id, Mensaje.texto)
            .where(Mensaje.remitente == "usuario")
            .order_by(Mensaje.id)
        ).all()
    assert [texto for _, texto in per_chat] == ["Hola", "¿Siguen ahí?"]
    assert len({chat for chat, _ in per_chat}) == 2


def test_starting_anew_makes_the_old_token_worthless(
    demo: Tienda, client: FlaskClient, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    with cliente.page.expect_response("**/auth/logout") as answered:
        cliente.page.get_by_role("button", name="Nueva conversación").click()
        cliente.page.get_by_role("button", name="Empezar de nuevo").click()

    assert answered.value.status == 204
    sent = answered.value.request.headers["authorization"]
    gone = client.get(f"/chat/historial/{chat_of(demo)}", headers={"Authorization": sent})
    assert gone.status_code == 401
