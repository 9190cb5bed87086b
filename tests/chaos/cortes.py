"""A provider that accepts a reply and resets the connection, two hundred times: nobody can say
whether the customer has it. It leaves again, in its order, and the customer sees a copy at most.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.chaos import proveedores
from tests.chaos.entregado import undelivered, undelivered_whatsapp
from tests.chaos.fallas import NO_WORK, Campo
from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Golpe, Mira, await_true
from tests.chaos.puertas import Puerta, PuertaTelegram, PuertaWhatsApp
from tests.chaos.tiendas import Linea, Tienda, open_bots, open_numeros, open_tiendas
from tests.chaos.verificador import Falta

VECES = 200
# After each answer that never came the bot is silent for a second: many bots, so that all of it
# takes a minute. Each conversation has two replies, and each of them is cut once.
_CUENTAS, _CHATS = 10, 10
_QUIET_SECONDS = 150.0
_SAID = ("Hola", "¿Cuánto cuesta la pala?")
_ROWS = "SELECT entrega FROM mensaje WHERE empresa_id = %s AND remitente <> 'usuario'"
_ASKED = "SELECT count(*) FROM mensaje WHERE empresa_id = %s AND remitente = 'usuario'"
_ARRIVED = ("enviada", "entregada", "leida")


@dataclass(frozen=True)
class Frente:
    """One provider's side of it: its accounts with their customers' doors, what it counts of lost
    answers, how much it showed of these accounts, and in which chats that is not what was said."""

    nombre: str
    cuentas: frozenset[str]
    puertas: list[Puerta]
    cortes: proveedores.Cortes
    shown: Callable[[], int]
    undelivered: Callable[[], Iterator[str]]


def _telegram(instalacion: Instalacion, tienda: Tienda) -> Frente:
    api, bots = instalacion.telegram, open_bots(instalacion, tienda, _CUENTAS)
    tokens = frozenset(t.bot.token for t in bots)
    return Frente(
        "Telegram",
        tokens,
        [PuertaTelegram(t, api, 1 + n) for t in bots for n in range(_CHATS)],
        api.cortes,
        lambda: sum(a.token in tokens for a in list(api.aceptados)),
        lambda: undelivered(instalacion, bots),
    )


def _whatsapp(instalacion: Instalacion, tienda: Tienda) -> Frente:
    api = instalacion.whatsapp
    wanted = [f"10020030040{n}" for n in range(_CUENTAS)]
    numeros = open_numeros(instalacion, tienda, wanted)
    ids = frozenset(n.numero for n in numeros)
    return Frente(
        "WhatsApp",
        ids,
        [PuertaWhatsApp(n, f"5730010{k:05d}") for n in numeros for k in range(_CHATS)],
        api.cortes,
        lambda: sum(a.numero in ids for a in list(api.aceptados)),
        lambda: undelivered_whatsapp(instalacion, tienda.empresa_id, numeros),
    )


class Cortes:
    """A shop of its own with ten accounts at each provider, and two hundred customers who write
    twice."""

    def __init__(self, instalacion: Instalacion) -> None:
        self.instalacion = instalacion

    def prepare(self) -> None:
        [tienda] = open_tiendas(self.instalacion, 1)
        self.empresa_id = tienda.empresa_id
        self.frentes = [f(self.instalacion, tienda) for f in (_telegram, _whatsapp)]
        self.puertas = [p for f in self.frentes for p in f.puertas]

    def begin(self) -> None:
        for frente in self.frentes:
            frente.cortes.arrange(frente.cuentas, VECES)

    def talk(self) -> None:
        """Every customer writes and is answered, twice."""
        mira = Mira(self.instalacion, [self.empresa_id])
        for texto in _SAID:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(self._say, self.puertas, [texto] * len(self.puertas)))
            await_true(mira.is_quiet, _QUIET_SECONDS)
        mira.close()

    def _say(self, puerta: Puerta, texto: str) -> None:
        linea = Linea(self.instalacion.port, "")
        got = puerta.send(linea, puerta.next_id(), texto, esperar=False)
        linea.close()
        assert got.status == 202, got

    def rows(self) -> list[str]:
        """What has become of each reply."""
        return [str(entrega) for (entrega,) in self.instalacion.sql(_ROWS, self.empresa_id)]

    def copies(self, frente: Frente) -> int:
        """How much more was shown than there are replies: one to each message."""
        return frente.shown() - len(frente.puertas) * len(_SAID)

    def nota(self) -> str:
        told = [
            f"{f.nombre}: {f.cortes.hechos} aceptadas y cortadas, {self.copies(f)} copias vistas"
            for f in self.frentes
        ]
        return "; ".join(told)

    def faltas(self) -> Iterator[Falta]:
        for frente in self.frentes:
            for told in frente.undelivered():
                yield Falta("entregas", told)
            if self.copies(frente) > frente.cortes.hechos:
                yield Falta("copias ≤ cortes", f"{frente.nombre}: {self.copies(frente)} copias")
        rows = self.rows()
        if open_ := [entrega for entrega in rows if entrega not in _ARRIVED]:
            yield Falta("todo enviado", f"{len(open_)} respuestas quedaron {sorted(set(open_))}")
        asked = self.instalacion.sql(_ASKED, self.empresa_id)[0][0]
        if asked != len(self.puertas) * len(_SAID) or len(rows) != asked:
            yield Falta("nada se pierde", f"{asked} mensajes y {len(rows)} respuestas")

    def nulo(self) -> str:
        for frente in self.frentes:
            if frente.cortes.hechos < VECES:
                return f"{frente.nombre} solo cortó {frente.cortes.hechos} respuestas"
            if not self.copies(frente):
                return f"ningún corte de {frente.nombre} dejó una copia"
        return ""


def cut_answers(campo: Campo) -> Golpe:
    tomados = campo.mira.aim("chat", call=campo.carga.ritmo.wave)
    if not tomados:
        return NO_WORK
    golpe = campo.mira.look(tomados, en_vuelo=campo.carga.en_vuelo)
    campo.obra.talk()
    golpe.nota = campo.obra.nota()
    golpe.fin = time.monotonic()
    return golpe
