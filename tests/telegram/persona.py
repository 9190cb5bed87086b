"""A customer with Telegram in hand: what they send, press and do, as updates of the Bot API."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from tests.telegram.emulador import Aceptado, Emulador
from tests.telegram.formas import Archivo, shown

Update = dict[str, Any]


@dataclass
class Persona:
    """Writes to one bot from their private chat. Each method returns the update it caused."""

    emulador: Emulador
    token: str
    chat: int = 42
    _files: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def write(self, texto: str) -> Update:
        return self._send(text=texto)

    def photo(
        self, contenido: bytes = b"\xff\xd8\xff una foto", caption: str | None = None, **mas: Any
    ) -> Update:
        """In the sizes that Telegram makes of it, smallest first."""
        sizes = [
            self._file("photos/file_{}.jpg", contenido[: 1 + len(contenido) // d])
            | {"width": 1280 // d, "height": 960 // d}
            for d in (14, 4, 1)
        ]
        said = {} if caption is None else {"caption": caption}
        return self._send(photo=sizes, **said, **mas)

    def album(self, n: int, caption: str) -> list[Update]:
        """n updates with one media_group_id; the first has the words."""
        group = {"media_group_id": "13456789012345678"}
        return [self.photo(caption=None if i else caption, **group) for i in range(n)]

    def voice(self, contenido: bytes = b"OggS una voz") -> Update:
        about = {"duration": 3, "mime_type": "audio/ogg"}
        return self._send(voice=self._file("voice/file_{}.oga", contenido) | about)

    def audio(self, contenido: bytes = b"ID3 una canci\xc3\xb3n") -> Update:
        about = {"duration": 3, "mime_type": "audio/mpeg", "file_name": "nota.mp3"}
        return self._send(audio=self._file("music/file_{}.mp3", contenido) | about)

    def document(self, mime: str | None, contenido: bytes = b"%PDF-1.7") -> Update:
        about = {"file_name": "archivo"} | ({"mime_type": mime} if mime else {})
        return self._send(document=self._file("documents/file_{}.bin", contenido) | about)

    def location(self, latitud: float = 4.60971, longitud: float = -74.08175) -> Update:
        return self._send(location={"latitude": latitud, "longitude": longitud})

    def venue(self, titulo: str, direccion: str) -> Update:
        place = {"latitude": 4.60971, "longitude": -74.08175}
        venue = {"location": place, "title": titulo, "address": direccion}
        return self._send(venue=venue, location=place)

    def contact(self, telefono: str, nombre: str = "Ana", user_id: int | None = None) -> Update:
        known = {} if user_id is None else {"user_id": user_id}
        return self._send(contact={"phone_number": telefono, "first_name": nombre, **known})

    def edit(self, update: Update, texto: str) -> Update:
        message = {**update["message"], "edit_date": int(time.time())}
        message["caption" if "caption" in message else "text"] = texto
        return self.emulador.update(self.token, edited_message=message)

    def press(
        self, rotulo: str, bajo: Aceptado | None = None, *, inaccesible: bool = False
    ) -> Update:
        """The button that shows `rotulo`, under the last message or under an earlier one; of one
        that is `inaccesible` to the bot by now, Telegram tells no more than which it was."""
        message = bajo or [a for a in self.emulador.aceptados if a.chat == self.chat][-1]
        under = shown(self.chat, message.message_id, message.texto, message.teclado)
        if inaccesible:
            under = {"chat": under["chat"], "message_id": message.message_id, "date": 0}
        return self.emulador.press(
            self.token,
            {
                "from": self._from(),
                "message": under,
                "chat_instance": "-3215487963254178965",
                "data": message.botones[rotulo],
            },
        )

    def block(self) -> Update:
        self.emulador.bloqueados.add(self.chat)
        return self._member("member", "kicked")

    def unblock(self) -> Update:
        self.emulador.bloqueados.discard(self.chat)
        return self._member("kicked", "member")

    def _member(self, old: str, new: str) -> Update:
        bot = {"id": 123456, "is_bot": True, "first_name": "Tienda", "username": "tienda_bot"}
        states = {
            "member": {"user": bot, "status": "member"},
            "kicked": {"user": bot, "status": "kicked", "until_date": 0},
        }
        return self.emulador.update(
            self.token,
            my_chat_member={
                "chat": self._chat(),
                "from": self._from(),
                "date": int(time.time()),
                "old_chat_member": states[old],
                "new_chat_member": states[new],
            },
        )

    def _send(self, **content: Any) -> Update:
        return self.emulador.write(self.token, None, self.chat, **content)

    def _file(self, ruta: str, contenido: bytes) -> dict[str, Any]:
        n = next(self._files)
        file_id = f"AgACAgEAAxkBAAID{self.chat}_{n}"
        self.emulador.archivos[file_id] = Archivo(ruta.format(n), contenido, len(contenido))
        return {
            "file_id": file_id,
            "file_unique_id": f"AQADu{n}",
            "file_size": len(contenido),
        }

    def _chat(self) -> dict[str, Any]:
        return {"id": self.chat, "first_name": "Ana", "last_name": "Paz", "type": "private"}

    def _from(self) -> dict[str, Any]:
        return {
            "id": self.chat,
            "is_bot": False,
            "first_name": "Ana",
            "last_name": "Paz",
            "language_code": "es",
        }
