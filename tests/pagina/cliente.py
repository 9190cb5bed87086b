"""What a customer sees and does on the page, named as they would name it."""

from playwright.sync_api import Locator, Page, expect


class Cliente:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.caja = page.get_by_label("Escribe un mensaje")
        self.hilo = page.locator("#hilo")
        self.aviso = page.locator("#aviso")
        self.tarjetas = page.get_by_role("article")
        self.pildora = page.locator("#pildora")

    def write(self, texto: str) -> None:
        self.caja.fill(texto)
        self.caja.press("Enter")

    def own(self, estado: str | None = None) -> Locator:
        """My bubbles: all, or those that are enviando, enviado, sin_enviar, rechazado."""
        state = f"[data-estado={estado}]" if estado else ""
        return self.page.locator(f".fila-usuario{state} .burbuja")

    def theirs(self, autor: str = "bot") -> Locator:
        return self.page.locator(f".fila-{autor} .burbuja")

    def expect_own(self, *textos: str) -> None:
        """Exactly these messages of mine, in this order, all of them taken by the shop."""
        expect(self.own("enviado")).to_have_text(list(textos))
        expect(self.own()).to_have_count(len(textos))

    def expect_theirs(self, *textos: str, autor: str = "bot") -> None:
        expect(self.theirs(autor)).to_have_text(list(textos))

    def expect_live(self) -> None:
        expect(self.page.locator("#linea")).to_have_attribute("data-estado", "vivo")

    def scroll_top(self) -> float:
        top: float = self.hilo.evaluate("caja => caja.scrollTop")
        return top
