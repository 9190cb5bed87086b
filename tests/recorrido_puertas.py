"""The mission's conversation at every door, by text, photo and voice, on `make run` itself.

`python -m tests.recorrido_puertas` starts it with configuration alone: where the providers answer,
nothing else. The shop's owner makes the canales over HTTP; the customers are the emulators'.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

from core.agente.botones import CONFIRMAR
from tests.archivos.muestras import foto, opus
from tests.modelo.servidor import CLAVE, Guion, Paso, oye, responde, servidor
from tests.recorrido import import_catalogo
from tests.stack import Answer, Stack, eventually, free_ports
from tests.telegram.emulador import Aceptado, Emulador
from tests.telegram.persona import Persona
from tests.whatsapp import avisos
from tests.whatsapp.avisos import NUMERO
from tests.whatsapp.emulador import Aceptado as Mostrado
from tests.whatsapp.emulador import Emulador as WhatsApp

PEDIDO = "Quiero comprar 10 martillos."
_SECONDS = 60.0  # until an answer, on a machine that does other things, too


class Puerta(Protocol):
    """One door; `open` begins another conversation there, in which the rest is said."""

    nombre: str

    def open(self) -> str:
        """The chat_id under which the shop knows the new conversation."""
        ...

    def write(self, texto: str) -> str:
        """The shop's answer to these words."""
        ...

    def show(self, caption: str) -> str:
        """The shop's answer to a photo with these words below it."""
        ...

    def speak(self) -> str:
        """The shop's answer to a recording; what is said in it, the model hears."""
        ...

    def accept(self) -> str:
        """Say yes, by a button where the offer brought one; the shop's answer."""
        ...


class PuertaWeb:
    nombre = "web"

    def __init__(self, stack: Stack, token: str) -> None:
        self._stack, self._token, self._chat = stack, token, ""

    def open(self) -> str:
        self._chat = f"web-{uuid.uuid4().hex[:8]}"
        return self._chat

    def write(self, texto: str) -> str:
        body = {"chat_id": self._chat, "mensaje": texto}
        return self._said(self._stack.post("/chat/texto?esperar=30", body, token=self._token))

    def show(self, caption: str) -> str:
        return self._send("imagen", foto(), mensaje=caption)

    def speak(self) -> str:
        return self._send("audio", opus())

    def accept(self) -> str:
        return self.write("Sí.")

    def _send(self, que: str, contenido: bytes, **campos: str) -> str:
        edge = "----agente"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="'
        fields = campos | {"chat_id": self._chat}
        parts = [f'{head}{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        parts.append(f'{head}archivo"; filename="x"\r\n\r\n')
        body = "".join(parts).encode() + contenido + f"\r\n--{edge}--\r\n".encode()
        path, kind = f"/chat/{que}?esperar=30", f"multipart/form-data; boundary={edge}"
        asked = self._stack.request("POST", path, body=body, token=self._token, content_type=kind)
        return self._said(asked)

    def _said(self, answer: Answer) -> str:
        assert answer.status == 200, answer.text
        return str(answer.json["respuesta"])


class PuertaTelegram:
    """A bot without a webhook, as where nobody has a public address: it is asked for its news."""

    nombre = "telegram"

    def __init__(self, stack: Stack, token: str, api: Emulador) -> None:
        self._api, self._bot = api, f"7001:{uuid.uuid4().hex}"
        api.add_bot(self._bot)
        self._canal, _ = open_canal(stack, token, "telegram", {"token": self._bot})
        self._persona = Persona(api, self._bot, 4200)

    def owner(self) -> "Duena":
        return Duena(self._api, Persona(self._api, self._bot, 4100), self._canal)

    def open(self) -> str:
        self._persona = Persona(self._api, self._bot, self._persona.chat + 1)
        return f"{self._canal}-{self._persona.chat}"

    def write(self, texto: str) -> str:
        return self._answer(lambda: self._persona.write(texto))

    def show(self, caption: str) -> str:
        return self._answer(lambda: self._persona.photo(foto(), caption))

    def speak(self) -> str:
        return self._answer(lambda: self._persona.voice(opus()))

    def accept(self) -> str:
        return self._answer(lambda: self._persona.press(CONFIRMAR.texto))

    def _answer(self, act: Callable[[], object]) -> str:
        before = len(self._heard())
        act()
        self._api.await_true(lambda: len(self._heard()) > before, _SECONDS)
        return self._heard()[-1].texto

    def _heard(self) -> list[Aceptado]:
        return [a for a in list(self._api.aceptados) if a.chat == self._persona.chat]


class Duena:
    """The shop's owner, who is told of sales in a chat of her own with the shop's bot."""

    def __init__(self, api: Emulador, persona: Persona, canal: int) -> None:
        self._api, self._persona, self._canal = api, persona, canal

    def enrol(self, stack: Stack, token: str) -> None:
        body = {"via": "telegram", "nombre": "Marta", "canal_id": self._canal}
        made = stack.post("/destinatarios/", body, token=token)
        assert made.status == 201, made.text
        self._persona.write(f"/start {made.json['codigo']}")
        self._api.await_true(lambda: self._heard(), _SECONDS)

    def await_told(self, venta_id: int) -> None:
        """Once of each sale, and of this one by now."""
        eventually(lambda: self.told(venta_id), seconds=_SECONDS)
        assert self.told(venta_id) == 1, (venta_id, self._heard())

    def told(self, venta_id: int) -> int:
        said = re.compile(rf"Venta n\.º {venta_id}\b")
        return sum(said.search(texto) is not None for texto in self._heard())

    def _heard(self) -> list[str]:
        return [a.texto for a in list(self._api.aceptados) if a.chat == self._persona.chat]


class PuertaWhatsApp:
    """Meta posts to the shop; here it does so on this machine."""

    nombre = "whatsapp"

    def __init__(self, stack: Stack, token: str, api: WhatsApp) -> None:
        self._api, self._telefono = api, 573_001_112_200
        api.add_numero(NUMERO, token="EAAprueba", app_secret="secreto-de-la-app")
        credenciales = {
            "access_token": "EAAprueba",
            "app_secret": "secreto-de-la-app",
            "verify_token": uuid.uuid4().hex,
            "phone_number_id": NUMERO,
        }
        self._canal, clave = open_canal(stack, token, "whatsapp", credenciales)
        self._webhook = f"{stack.url}/webhooks/whatsapp/{clave}"

    def open(self) -> str:
        self._telefono += 1
        return f"{self._canal}-{self._telefono}"

    def write(self, texto: str) -> str:
        return self._answer(texto)

    def show(self, caption: str) -> str:
        return self._attach("image", foto(), "image/jpeg", caption=caption)

    def speak(self) -> str:
        return self._attach("audio", opus(), "audio/ogg", voice=True)

    def _attach(self, kind: str, contenido: bytes, mime: str, **more: Any) -> str:
        id_ = f"10033834{len(self._api.llamadas)}"
        self._api.add_medio(id_, contenido, mime)
        what = {"id": id_, "mime_type": mime, "sha256": "x", **more}
        return self._answer(None, **{"type": kind, kind: what})

    def accept(self) -> str:
        keys = {title: id_ for id_, title in self._heard()[-1].teclas}
        reply = {"id": keys[CONFIRMAR.texto], "title": CONFIRMAR.texto}
        pressed = {"type": "button_reply", "button_reply": reply}
        return self._answer(None, type="interactive", interactive=pressed)

    def _answer(self, texto: str | None, **mas: Any) -> str:
        before = len(self._heard())
        told = avisos.mensaje(texto, de=str(self._telefono), **mas)
        assert self._api.push(NUMERO, self._webhook, told) == 200
        self._api.await_true(lambda: len(self._heard()) > before, _SECONDS)
        return self._heard()[-1].texto

    def _heard(self) -> list[Mostrado]:
        return [a for a in list(self._api.aceptados) if a.para == str(self._telefono)]


def open_canal(
    stack: Stack, token: str, tipo: str, credenciales: dict[str, str]
) -> tuple[int, str]:
    """(id, clave) of a canal that the shop has made and the provider has confirmed."""
    body = {"tipo": tipo, "nombre": f"Mi {tipo}", "credenciales": credenciales}
    made = stack.post("/canales/", body, token=token)
    assert made.status == 201, made.text
    id_ = int(made.json["id"])

    def canal() -> dict[str, Any]:
        found = stack.get("/canales/", token=token).json["elementos"]
        return next(dict(c) for c in found if c["id"] == id_)

    assert eventually(lambda: canal()["estado"] == "activo", seconds=_SECONDS), canal()
    return id_, str(made.json["clave"])


class Recorrido:
    """The shop with its hammers, and what has been sold of them."""

    def __init__(self, stack: Stack, token: str) -> None:
        self._stack, self._token = stack, token
        [hammer] = stack.get("/productos/?q=martillo", token=token).json["elementos"]
        self._hammer = f"/productos/{hammer['id']}"
        self.ventas: list[int] = []

    def visit(self, puerta: Puerta) -> None:
        self.sell(puerta, "texto", lambda: puerta.write(PEDIDO))
        self.sell(puerta, "foto", lambda: puerta.show(PEDIDO))
        self.sell(puerta, "voz", puerta.speak)

    def sell(self, puerta: Puerta, how: str, ask: Callable[[], str]) -> None:
        """Ten asked, seven there: offered, accepted, recorded once."""
        stocked = self._stack.request(
            "PATCH", self._hammer, body=b'{"stock": 7}', token=self._token
        )
        assert stocked.status == 200, stocked.text
        start = time.monotonic()
        chat_id = puerta.open()
        offer = ask()
        assert "7" in offer, offer
        assert self._sold(chat_id) == [], "nothing is sold without a yes"
        puerta.accept()
        [venta] = self._sold(chat_id)
        lines = [(x["sku"], x["cantidad"]) for x in venta["lineas"]]
        assert (venta["total"], lines) == ("202300.00", [("M-1", 7)]), venta
        self.ventas.append(int(venta["id"]))
        say(f"{puerta.nombre}, {how}: venta {venta['id']} en {time.monotonic() - start:.1f} s")

    def _sold(self, chat_id: str) -> list[dict[str, Any]]:
        path = f"/ventas/historial/{chat_id}"
        found: list[dict[str, Any]] = self._stack.get(path, token=self._token).json["elementos"]
        return found


def walk(stack: Stack, telegram: Emulador, whatsapp: WhatsApp) -> list[int]:
    """The sales, of each of which the owner was told once."""
    token = stack.login()
    import_catalogo(stack, token)
    shop, bot = Recorrido(stack, token), PuertaTelegram(stack, token, telegram)
    owner = bot.owner()
    owner.enrol(stack, token)
    for puerta in (PuertaWeb(stack, token), bot, PuertaWhatsApp(stack, token, whatsapp)):
        shop.visit(puerta)
    for venta in shop.ventas:
        owner.await_told(venta)
    return shop.ventas


def hears_and_sees(pedido: dict[str, Any]) -> Paso:
    """A model that hears one sentence in every recording, and hammers in every photo."""
    if "file" in pedido:
        return oye(PEDIDO)
    seen = {"descripcion": "Un martillo de uña sobre una mesa.", "producto": "martillo"}
    return responde(seen | {"texto": None})


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorrido_puertas")
    parser.add_argument("--sin-make", action="store_true", help="sin instalar nada antes")
    bare = parser.parse_args().sin_make
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what we started is stopped
    command = (sys.executable, "-m", "core.launcher") if bare else ("make", "-s", "run")
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agente-puertas-")))
        os.chmod(folder, 0o711)
        telegram = cleanup.enter_context(Emulador())
        whatsapp = cleanup.enter_context(WhatsApp())
        modelo = cleanup.enter_context(servidor(Guion(siempre=hears_and_sees)))
        where = {"TELEGRAM_API_URL": telegram.url, "WHATSAPP_API_URL": whatsapp.url}
        for what in ("TRANSCRIPCION", "VISION"):
            where[f"{what}_BASE_URL"] = modelo.url
            where |= {f"{what}_MODEL": "oido", f"{what}_API_KEY": CLAVE}
        stack = Stack(folder / "datos", *free_ports(2), where, command=command)
        cleanup.callback(_stop, stack)
        stack.start()
        ventas = walk(stack, telegram, whatsapp)
        assert (telegram.violaciones, whatsapp.violaciones, modelo.violaciones) == ([], [], [])
    left = eventually(lambda: None if stack.left_running() else "nothing", seconds=5)
    assert left == "nothing", stack.left_running()
    say(f"Puertas: {len(ventas)} ventas, detenido, nada queda en marcha.")
    return 0


def _stop(stack: Stack) -> None:
    """As Ctrl-C does it: make and the launcher both hear of it."""
    if stack.process is not None and stack.process.poll() is None:
        os.killpg(stack.process.pid, signal.SIGINT)
        stack.process.wait(150)


if __name__ == "__main__":
    sys.exit(main())
