"""A real headless Chromium, a customer in it, and a scripted shop on a socket."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.pagina.cliente import Cliente
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
