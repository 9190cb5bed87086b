"""Photos and voice notes: the same outbox as words, so nothing lost and nothing twice."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.pagina.cliente import Cliente
from tests.pagina.tienda_de_guion import TiendaDeGuion


def png(ancho: int, alto: int) -> bytes:
    """A red picture of that size."""
    line = b"\0" + b"\xd0\x30\x20" * ancho

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    head = struct.pack(">IIBBBBB", ancho, alto, 8, 2, 0, 0, 0)
    data = zlib.compress(line * alto)
    body = chunk(b"IHDR", head) + chunk(b"tEXt", b"Comment\0GPS 4.6097,-74.0817")
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_size(content: bytes) -> tuple[int, int]:
    stream = io.BytesIO(content[2:])
    while True:
        marker, length = struct.unpack(">2sH", stream.read(4))
        if marker in (b"\xff\xc0", b"\xff\xc2"):
            alto, ancho = struct.unpack(">xHH", stream.read(5))
            return ancho, alto
        stream.read(length - 2)


def choose_foto(cliente: Cliente, content: bytes, name: str = "foto.png") -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    cliente.chat.locator("#archivo").set_input_files(file)  # type: ignore[arg-type]


def loaded(cliente: Cliente) -> None:
    foto = cliente.own().locator("img")
    expect(foto).to_be_visible()
    expect(cliente.own().locator(".foto")).to_have_attribute("data-carga", "lista")
    assert foto.evaluate("async n => { await n.decode(); return n.naturalWidth; }") > 0


# --- photos ---------------------------------------------------------------------------------------


def test_a_photo_is_shown_first_and_sent_small_without_what_the_camera_wrote(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    choose_foto(cliente, png(3000, 1500))
    expect(cliente.page.get_by_text("Foto lista para enviar")).to_be_visible()
    assert tienda.archivos == {}
    cliente.write("¿Tienen de estos?")

    loaded(cliente)
    cliente.expect_own("¿Tienen de estos?")
    expect(cliente.page.locator("#bandeja")).to_be_hidden()
    mime, content = tienda.archivos[1]
    assert (mime, jpeg_size(content)) == ("image/jpeg", (2048, 1024))
    assert b"GPS" not in content
    assert tienda.chat.mensajes[0]["mensaje"] == "¿Tienen de estos?"
    cliente.page.reload()
    loaded(cliente)
    cliente.page.get_by_role("button", name="Ver la imagen más grande").click()
    expect(cliente.page.locator("#visor img")).to_be_visible()
    cliente.page.keyboard.press("Escape")
    expect(cliente.page.locator("#visor")).to_be_hidden()


def test_a_photo_that_the_shop_still_looks_through_is_waited_for_and_said(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.sin_limpiar = True
    choose_foto(cliente, png(40, 30))
    cliente.write("Mira")
    loaded(cliente)  # one's own
    cliente.page.reload()
    foto = cliente.own().locator(".foto")
    expect(foto).to_have_attribute("data-carga", "preparando")
    expect(cliente.own()).to_contain_text("La tienda lo está recibiendo…")
    tienda.sin_limpiar = False

    loaded(cliente)
    cliente.expect_own("Mira")


def test_a_photo_that_the_shop_could_not_open_says_so(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.ilegible = True
    choose_foto(cliente, png(40, 30))
    cliente.write("")
    loaded(cliente)
    cliente.page.reload()
    expect(cliente.own()).to_have_text("La tienda no pudo abrir este archivo.")


# Says that something is near the screen only once it is told to look.
_DISTRAIDO = """
window.IntersectionObserver = class {
  constructor(hear) { this.hear = hear; }
  observe(target) {
    addEventListener("mira", () => this.hear([{ isIntersecting: true, target }]), { once: true });
  }
  unobserve() {}
};
"""


def test_a_photo_that_another_tab_sent_is_shown_when_one_looks(
    tienda: TiendaDeGuion,
    cliente: Cliente,
    navegador: BrowserContext,
    abrir: Callable[[str], Cliente],
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    navegador.add_init_script(_DISTRAIDO)
    otra = abrir(tienda.url)
    otra.expect_own("Hola")
    tienda.rechazos = [503] * 50
    choose_foto(cliente, png(40, 30))
    cliente.write("Mira")
    expect(otra.own()).to_have_count(2)  # from the outbox that they share
    tienda.rechazos = []
    cliente.expect_own("Hola", "Mira")
    otra.expect_own("Hola", "Mira")
    otra.page.evaluate("dispatchEvent(new Event('mira'))")

    expect(otra.own().locator(".foto")).to_have_attribute("data-carga", "lista")
    assert len(tienda.archivos) == 1


def test_a_photo_chosen_by_mistake_is_taken_away(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    choose_foto(cliente, png(10, 10))
    cliente.page.get_by_role("button", name="Quitar la foto").click()
    expect(cliente.page.locator("#bandeja")).to_be_hidden()
    expect(cliente.caja).to_be_focused()
    cliente.write("Hola")

    cliente.expect_own("Hola")
    assert tienda.archivos == {}


def test_what_is_no_photo_is_said_to_be_none(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    choose_foto(cliente, b"no soy una foto")
    expect(cliente.page.get_by_role("alert")).to_contain_text("No se pudo leer esa foto.")
    expect(cliente.page.locator("#bandeja")).to_be_hidden()


def test_a_photo_taken_offline_outlives_a_reload_and_is_sent_once(
    tienda: TiendaDeGuion, cliente: Cliente, navegador: BrowserContext
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.rechazos = [503] * 100
    choose_foto(cliente, png(40, 30))
    cliente.write("")
    expect(cliente.own("sin_enviar")).to_have_count(1)
    cliente.page.reload()
    expect(cliente.own().locator("img")).to_be_visible()
    tienda.tragados, tienda.rechazos = 1, []

    cliente.expect_own("Hola", "")
    loaded(cliente)
    assert len(tienda.archivos) == 1
    assert len([m for m in tienda.chat.mensajes if m["tipo"] == "imagen"]) == 1
    kept = "indexedDB.databases().then(d => d.map(({ name }) => name))"
    assert cliente.page.evaluate(kept) == ["agente"]
    assert (
        cliente.page.evaluate(
            "() => new Promise(done => { const p = indexedDB.open('agente'); p.onsuccess = () => {"
            " const all = p.result.transaction('archivos').objectStore('archivos').getAllKeys();"
            " all.onsuccess = () => done(all.result); }; })"
        )
        == []
    )


def test_a_shop_that_takes_no_photos_says_so_and_lets_it_be_discarded(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.sin_archivos = True
    choose_foto(cliente, png(10, 10))
    cliente.write("")
    expect(cliente.page.locator("[data-estado=rechazado]")).to_contain_text(
        "No se pudo enviar: la tienda no recibe fotos ni notas de voz."
    )
    cliente.write("Hola")  # goes on behind it
    expect(cliente.own("enviado")).to_have_text("Hola")
    cliente.page.get_by_role("button", name="Descartar").click()

    cliente.expect_own("Hola")
    assert len(tienda.recibidos) == 2


def test_a_photo_is_sent_where_the_browser_keeps_nothing(
    tienda: TiendaDeGuion, navegador: BrowserContext, abrir: Callable[[str], Cliente]
) -> None:
    navegador.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        " Object.defineProperty(window, name,"
        " { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    cliente = abrir(tienda.url)
    tienda.rechazos = [503]
    choose_foto(cliente, png(20, 20))
    cliente.write("Mira")

    loaded(cliente)
    cliente.expect_own("Mira")
    assert len(tienda.archivos) == 1


def test_words_do_not_wait_behind_photos_that_are_too_many(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    tienda.sin_cupo = True
    choose_foto(cliente, png(20, 20))
    cliente.write("Mira")
    cliente.write("¿Hay martillos?")
    expect(cliente.own("enviado")).to_have_text(["¿Hay martillos?"])
    expect(cliente.page.get_by_text("son muchos archivos seguidos")).to_be_visible()
    tienda.sin_cupo = False
    cliente.page.get_by_role("button", name="Reintentar").click()

    expect(cliente.own("enviado")).to_have_count(2)
    assert len(tienda.archivos) == 1


def test_a_photo_that_never_arrives_can_be_given_up_for_what_was_written_after(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.write("Hola")
    cliente.expect_own("Hola")
    tienda.rechazos = [503] * 500
    choose_foto(cliente, png(20, 20))
    cliente.write("")
    expect(cliente.own("sin_enviar")).to_have_count(1)
    cliente.page.get_by_role("button", name="Descartar").click()
    tienda.rechazos = []
    cliente.write("¿Hay martillos?")

    cliente.expect_own("Hola", "¿Hay martillos?")
    assert tienda.archivos == {}


def test_a_photo_that_waits_for_one_shop_survives_the_page_of_another(
    tienda: TiendaDeGuion, cliente: Cliente, abrir: Callable[[str], Cliente]
) -> None:
    """All pages of an installation share what the browser keeps for its origin."""
    tienda.rechazos = [503] * 500
    choose_foto(cliente, png(20, 20))
    cliente.write("Mira")
    expect(cliente.own("sin_enviar")).to_have_count(1)
    otra = abrir(f"{tienda.url}/otra")
    otra.write("Hola")
    expect(otra.own("sin_enviar")).to_have_text(["Hola"])
    cliente.page.reload()
    tienda.rechazos = []

    loaded(cliente)
    cliente.expect_own("Mira")
    assert len(tienda.archivos) == 1


# --- voice ----------------------------------------------------------------------------------------


@pytest.fixture
def con_microfono(navegador: BrowserContext, tienda: TiendaDeGuion) -> None:
    navegador.grant_permissions(["microphone"], origin=tienda.url)


@pytest.mark.usefixtures("con_microfono")
def test_a_voice_note_is_recorded_heard_and_sent(tienda: TiendaDeGuion, cliente: Cliente) -> None:
    cliente.page.get_by_role("button", name="Grabar una nota de voz").click()
    expect(cliente.page.get_by_role("timer")).to_contain_text("0:01 de 5:00")
    cliente.page.get_by_role("button", name="Terminar de grabar").click()
    expect(cliente.page.get_by_label("Nota de voz lista para enviar")).to_be_visible()
    expect(cliente.page.locator("#enviar")).to_be_focused()
    cliente.page.keyboard.press("Enter")

    expect(cliente.own("enviado").locator("audio")).to_have_attribute("data-carga", "lista")
    mime, content = tienda.archivos[1]
    assert mime in ("audio/webm", "audio/mp4")
    assert len(content) > 500
    assert tienda.chat.mensajes[0]["tipo"] == "audio"
    expect(cliente.caja).to_be_focused()


@pytest.mark.usefixtures("con_microfono")
def test_sending_ends_the_recording_and_discarding_forgets_it(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    grabar = cliente.page.get_by_role("button", name="Grabar una nota de voz")
    grabar.click()
    expect(cliente.page.get_by_role("timer")).to_be_visible()
    cliente.page.get_by_role("button", name="Descartar la nota de voz").click()
    expect(cliente.page.locator("#bandeja")).to_be_hidden()
    expect(grabar).to_be_visible()
    grabar.click()
    expect(cliente.page.get_by_role("timer")).to_contain_text("0:01")
    cliente.page.get_by_role("button", name="Enviar", exact=True).click()

    expect(cliente.own("enviado").locator("audio")).to_have_count(1)
    assert len(tienda.archivos) == 1


def test_a_microphone_that_may_not_be_used_is_said_in_clear_words(
    tienda: TiendaDeGuion, cliente: Cliente
) -> None:
    cliente.page.get_by_role("button", name="Grabar una nota de voz").click()
    expect(cliente.page.get_by_role("alert")).to_contain_text(
        "No hay permiso para usar el micrófono."
    )
    cliente.write("Escribo entonces")
    cliente.expect_own("Escribo entonces")
    expect(cliente.page.locator("#queja")).to_be_empty()
