"""What a customer sees and does on the page, named as they would name it."""

from playwright.sync_api import FrameLocator, Locator, Page, expect


class Cliente:
    """On the page itself, or in the frame `marco` of another site's page."""

    def __init__(self, page: Page, marco: FrameLocator | None = None) -> None:
        self.page = page
        self.chat = marco or page
        self.caja = self.chat.get_by_label("Escribe un mensaje")
        self.hilo = self.chat.locator("#hilo")
        self.aviso = self.chat.locator("#aviso")
        self.tarjetas = self.chat.get_by_role("article")
        self.pildora = self.chat.locator("#pildora")
        self.opciones = self.chat.get_by_role("group", name="Respuestas para elegir")

    def write(self, texto: str) -> None:
        self.caja.fill(texto)
        self.caja.press("Enter")

    def own(self, estado: str | None = None) -> Locator:
        """My bubbles: all, or those that are enviando, enviado, sin_enviar, rechazado."""
        state = f"[data-estado={estado}]" if estado else ""
        return self.chat.locator(f".fila-usuario{state} .burbuja")

    def theirs(self, autor: str = "bot") -> Locator:
        return self.chat.locator(f".fila-{autor} .burbuja")

    def expect_own(self, *textos: str) -> None:
        """Exactly these messages of mine, in this order, all of them taken by the shop."""
        expect(self.own("enviado")).to_have_text(list(textos))
        expect(self.own()).to_have_count(len(textos))

    def expect_theirs(self, *textos: str, autor: str = "bot") -> None:
        expect(self.theirs(autor)).to_have_text(list(textos))

    def expect_live(self) -> None:
        expect(self.chat.locator("#linea")).to_have_attribute("data-estado", "vivo")

    def scroll_top(self) -> float:
        top: float = self.hilo.evaluate("caja => caja.scrollTop")
        return top


class Visita:
    """Somebody on another site that shows the chat."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.boton = page.locator("button[aria-controls=panel]")
        self.panel = page.locator("section#panel")
        self.globo = page.locator("button[aria-controls=panel] b")
        self.marcos = page.locator("section#panel iframe")
        self.chat = Cliente(page, page.frame_locator("section#panel iframe"))

    def open(self) -> Cliente:
        self.boton.click()
        expect(self.chat.caja).to_be_focused()  # by the page's scripts: they are there
        return self.chat
