"""A client's ledger and the database's rows, side by side."""

from collections import defaultdict

from tests.chaos.foto import Chat, Foto, Mensaje
from tests.chaos.libro import Cuentas, Dicho

Clave = tuple[int, int]  # (empresa_id, row id)


class Historia:
    """Ledger and rows side by side, with the indexes that the rules need."""

    def __init__(self, cuentas: Cuentas, foto: Foto, *, intentos: int = 5) -> None:
        self.cuentas, self.foto, self.intentos = cuentas, foto, intentos
        self.chats: dict[tuple[int, str], Chat] = {(c.empresa_id, c.chat_id): c for c in foto.chats}
        self.nombres: dict[Clave, str] = {(c.empresa_id, c.id): c.chat_id for c in foto.chats}
        self.mensajes = {(m.empresa_id, m.id): m for m in foto.mensajes}
        self.dichos: dict[tuple[int, str, str], Dicho] = {
            (d.empresa_id, d.chat_id, d.id_externo): d for d in cuentas.dichos
        }
        self.por_chat: dict[Clave, list[Mensaje]] = defaultdict(list)
        for m in sorted(foto.mensajes, key=lambda m: m.orden):
            self.por_chat[m.empresa_id, m.chat].append(m)
        self.por_id: dict[tuple[int, str, str], list[Mensaje]] = defaultdict(list)
        for m in foto.mensajes:
            if m.id_externo is not None:
                name = self.nombres[m.empresa_id, m.chat]
                self.por_id[m.empresa_id, name, m.id_externo].append(m)

    def acto(self, m: Mensaje) -> str | None:
        """What the customer meant by that row, as the ledger knows."""
        name = self.nombres[m.empresa_id, m.chat]
        said = self.dichos.get((m.empresa_id, name, m.id_externo or ""))
        return said.acto if said else None
