"""Ten thousand bodies with the right proof and anything in them, while customers go on writing."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.azar.lectura import Lector, read_telegram, read_whatsapp
from tests.azar.muestras import NUMERO, TELEGRAM, WHATSAPP, Muestra
from tests.azar.mutar import cuerpos
from tests.azar.recuento import Recuento
from tests.chaos.fallas import NO_WORK, Campo
from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Golpe, Mira, await_true
from tests.chaos.puertas import SECRET_HEADER, SIGNATURE_HEADER
from tests.chaos.tiendas import Bot, Linea, Numero, open_numeros, open_tiendas
from tests.chaos.verificador import Falta
from tests.whatsapp.emulador import sign

CUERPOS = 10_000
_SEMILLA = 20_261_126
_MANOS = 4
_QUIET_SECONDS = 150.0
_PROCESOS = ("web", "chat", "chat_solo", "envio", "mantenimiento", "beat", "telegram")
_ROWS = """SELECT id_externo, estado FROM mensaje
    WHERE empresa_id = %s AND canal_id = %s AND remitente = 'usuario'"""


@dataclass
class Blanco:
    """One canal that bodies are thrown at. `prove`: the headers that make one true."""

    canal_id: int
    path: str
    muestras: tuple[Muestra, ...]
    read: Lector
    prove: Callable[[bytes], dict[str, str]]
    recuento: Recuento = field(default_factory=Recuento)


def _telegram(bot: Bot) -> Blanco:
    path = f"/webhooks/telegram/{bot.clave}"
    return Blanco(
        bot.canal_id, path, TELEGRAM, read_telegram, lambda _: {SECRET_HEADER: bot.secreto}
    )


def _whatsapp(numero: Numero) -> Blanco:
    path = f"/webhooks/whatsapp/{numero.clave}"
    return Blanco(
        numero.canal_id,
        path,
        WHATSAPP,
        read_whatsapp,
        lambda datos: {SIGNATURE_HEADER: sign(numero.app_secret, datos)},
    )


class CuerposAlAzar:
    """A shop of its own, whose canales all of it is thrown at."""

    def __init__(self, instalacion: Instalacion) -> None:
        self.instalacion = instalacion
        self.antes: dict[str, list[int]] = {}
        self.despues: dict[str, list[int]] = {}
        self.calma: float | None = None
        self._over = threading.Event()

    def prepare(self) -> None:
        [tienda] = open_tiendas(self.instalacion, 1)
        self.empresa_id = tienda.empresa_id
        [numero] = open_numeros(self.instalacion, tienda, [NUMERO])
        self.blancos = [_telegram(tienda.bot), _whatsapp(numero)]

    def begin(self) -> None:
        self.antes = self._pids()

    def _pids(self) -> dict[str, list[int]]:
        return {name: self.instalacion.family(name) for name in _PROCESOS}

    def throw(self) -> None:
        """All of them, and what was stored is worked off."""
        each = CUERPOS // (_MANOS * len(self.blancos))
        work = [(blanco, hand) for blanco in self.blancos for hand in range(_MANOS)]
        with ThreadPoolExecutor(len(work)) as pool:
            try:
                list(pool.map(lambda w: self._hand(w[0], w[1], each), work))
            finally:
                self._over.set()  # whoever stops the run does not wait for the rest
        mira = Mira(self.instalacion, [self.empresa_id])
        self.calma = await_true(mira.is_quiet, _QUIET_SECONDS)
        mira.close()
        self.despues = self._pids()

    def _hand(self, blanco: Blanco, hand: int, n: int) -> None:
        linea = Linea(self.instalacion.port, "", timeout=60.0)
        desde = 1 + hand * 100_000_000
        for cuerpo in cuerpos(blanco.muestras, n=n, semilla=_SEMILLA + hand, desde=desde):
            if self._over.is_set():
                break
            try:
                headers = blanco.prove(cuerpo.datos)
                status = linea.post_bytes(blanco.path, cuerpo.datos, **headers).status
            except (OSError, http.client.HTTPException):
                status = 0
            blanco.recuento.note(cuerpo, blanco.read(cuerpo.datos), status)
        linea.close()

    def rows(self, blanco: Blanco) -> dict[str, str]:
        return dict(self.instalacion.sql(_ROWS, self.empresa_id, blanco.canal_id))

    def nota(self) -> str:
        told = []
        for blanco in self.blancos:
            rows = self.rows(blanco)
            aside = sum(estado == "cuarentena" for estado in rows.values())
            codes = dict(sorted(blanco.recuento.estados.items()))
            told.append(
                f"{blanco.path.split('/')[2]} contestó {codes}, {len(rows)} mensajes guardados, "
                f"{aside} en cuarentena"
            )
        calm = "nunca" if self.calma is None else f"{self.calma:.0f} s después"
        return f"{'; '.join(told)}; todo trabajado {calm}"

    def faltas(self) -> Iterator[Falta]:
        for blanco in self.blancos:
            rows = self.rows(blanco)
            for told in blanco.recuento.faltas(set(rows)):
                yield Falta("guardado o negado", f"{blanco.path[:20]}… {told}")
            whole = {rows.get(id_) for id_ in blanco.recuento.enteros}
            if whole - {"procesado"}:
                yield Falta("lo entero se contesta", f"quedó {whole}")
        if self.calma is None:
            yield Falta("nada se atasca", "lo guardado no se terminó de trabajar")
        for name, pids in self.antes.items():
            if self.despues.get(name) != pids:
                yield Falta("nadie muere", f"{name} era {pids} y es {self.despues.get(name)}")

    def nulo(self) -> str:
        for blanco in self.blancos:
            codes = blanco.recuento.estados
            if min(codes[200], codes[422]) < sum(codes.values()) / 50:
                return f"casi todo recibió la misma respuesta: {dict(codes)}"
        return ""


def throw(campo: Campo) -> Golpe:
    tomados = campo.mira.aim("chat", call=campo.carga.ritmo.wave)
    if not tomados:
        return NO_WORK
    golpe = campo.mira.look(tomados, en_vuelo=campo.carga.en_vuelo)
    campo.obra.throw()
    golpe.nota = campo.obra.nota()
    golpe.fin = time.monotonic()
    return golpe
