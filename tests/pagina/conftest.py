"""A real headless Chromium, a customer in it, and a scripted shop on a socket."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright
from sqlalchemy import select

from core.cuentas import create_usuario
from core.cuentas.demo import seed_demo
from core.cuentas.empresas import Creada, Persona
from core.db import Database
from core.models import Canal, Rol
from core.settings import Settings
from tests.acceso import CLAVE, Tienda
from tests.fakes import ClavesRapidas
from tests.pagina.cliente import Cliente
from tests.pagina.sistema import Sistema, running
from tests.pagina.sitio_ajeno import SitioAjeno
from tests.pagina.tienda_de_guion import TiendaDeGuion

_ARGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --use-fake-device-for-media-stream"
).split()
# Playwright turns off what browsers do with the storage of a frame of another site (each embedding
# site has its own); the last of these switches counts, so that it is on here as it is in life.
_COMO_EN_LA_VIDA = "--disable-features=HttpsUpgrades,MediaRouter,PaintHolding"
# A shop on the local network, where a browser allows only what plain http deserves.
_EN_LA_RED = "tienda.test"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Closed with the package: Playwright's event loop would be in the way of other tests'."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=_find_chromium(),
                args=[
                    *_ARGS,
                    _COMO_EN_LA_VIDA,
                    f"--host-resolver-rules=MAP {_EN_LA_RED} 127.0.0.1",
                ],
            )
        except Error as e:
            if "Executable doesn't exist" not in e.message or "CI" in os.environ:
                raise
            pytest.skip("no Chromium on this machine (apt install chromium)")
        yield browser
        browser.close()


def _find_chromium() -> str | None:
    """The machine's own; None for the one of `playwright install chromium`, if there is any."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture
def navegador(chromium: Browser) -> Iterator[BrowserContext]:
    """One customer's browser: its tabs share the storage."""
    context = chromium.new_context(
        locale="es-CO", timezone_id="America/Bogota", viewport={"width": 1000, "height": 700}
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def errores() -> list[str]:
    """What scripts threw or the browser refused (CSP); a test that fills it fails."""
    return []


@pytest.fixture
def abrir(navegador: BrowserContext, errores: list[str]) -> Iterator[Callable[[str], Cliente]]:
    """Open the page of a shop in a new tab."""

    def open_tab(url: str) -> Cliente:
        page = navegador.new_page()
        _watch(page, errores)
        page.goto(url)
        return Cliente(page)

    yield open_tab
    assert errores == []


def _watch(page: Page, errores: list[str]) -> None:
    page.on("pageerror", lambda error: errores.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errores.append(message.text)
            if message.type == "error" and "Content Security Policy" in message.text
            else None
        ),
    )


@pytest.fixture
def sitio() -> Iterator[SitioAjeno]:
    """A page of another origin, and another site, than the shop's."""
    site = SitioAjeno()
    yield site
    site.stop()


@pytest.fixture
def tienda() -> Iterator[TiendaDeGuion]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    shop = TiendaDeGuion()
    yield shop
    shop.stop()


@pytest.fixture
def cliente(tienda: TiendaDeGuion, abrir: Callable[[str], Cliente]) -> Cliente:
    """Somebody on the page of the scripted shop."""
    return abrir(tienda.url)


@pytest.fixture
def demo(app: Flask, db: Database, settings: Settings) -> Tienda:
    """The seeded shop with a seller, and the seven hammers of the mission."""
    claves = ClavesRapidas()
    empresa_id = seed_demo(db, settings, claves)
    assert empresa_id is not None
    with db.empresa(empresa_id) as session:
        canal = session.scalars(select(Canal).where(Canal.por_defecto)).one()
        creada = Creada(empresa_id, None, canal.id, canal.clave)
    vendedor = Persona(email="marta@demo.local", password=CLAVE, rol=Rol.VENDEDOR)
    usuario_id = create_usuario(
        db, claves, empresa_id=empresa_id, persona=vendedor, actor="consola"
    )
    tienda = Tienda(app, creada, {Rol.VENDEDOR: usuario_id})
    tienda.producto("HM-101", nombre="Martillo de uña 16 oz", precio="32500.00", stock="7")
    return tienda


@pytest.fixture(scope="module")
def sistema(settings: Settings) -> Iterator[Sistema]:
    with running(settings) as processes:
        yield processes
