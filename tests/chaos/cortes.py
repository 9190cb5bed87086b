"""A provider that accepts a reply and resets the connection, two hundred times: nobody can say
whether the customer has it. It leaves again, in its order, and the customer sees a copy at most.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.entregado import undelivered
from tests.chaos.fallas import NO_WORK, Campo
from tests.chaos.instalacion import Instalacion
from tests.chaos.mira import Golpe, Mira, await_true
from tests.chaos.puertas import PuertaTelegram
from tests.chaos.tiendas import Linea, open_bots, open_tiendas
from tests.chaos.verificador import Falta

VECES = 200
# After each answer that never came the bot is silent for a second: many bots, so that all of it
# takes a minute. Each conversation has two replies, and each of them is cut once.
_BOTS, _CHATS = 10, 10
_QUIET_SECONDS = 150.0
_SAID = ("Hola", "¿Cuánto cuesta la pala?")
_ROWS = "SELECT entrega FROM mensaje WHERE empresa_id = %s AND remitente <> 'usuario'"
_ASKED = "SELECT count(*) FROM mensaje WHERE empresa_id = %s AND remitente = 'usuario'"
_ARRIVED = ("enviada", "entregada", "leida")


class Cortes:
    """A shop of its own with ten bots, and a hundred customers who write twice."""

    def __init__(self, instalacion: Instalacion) -> None:
        self.instalacion = instalacion
        self.cortes = instalacion.telegram.cortes

    def prepare(self) -> None:
        [tienda] = open_tiendas(self.instalacion, 1)
        self.empresa_id = tienda.empresa_id
        self.tiendas = open_bots(self.instalacion, tienda, _BOTS)
        self.puertas = [
            PuertaTelegram(t, self.instalacion.telegram, 1 + n)
            for t in self.tiendas
            for n in range(_CHATS)
        ]

    def begin(self) -> None:
        self.cortes.arrange(frozenset(t.bot.token for t in self.tiendas), VECES)

    def talk(self) -> None:
        """Every customer writes and is answered, twice."""
        mira = Mira(self.instalacion, [self.empresa_id])
        for texto in _SAID:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(self._say, self.puertas, [texto] * len(self.puertas)))
            await_true(mira.is_quiet, _QUIET_SECONDS)
        mira.close()

    def _say(self, puerta: PuertaTelegram, texto: str) -> None:
        linea = Linea(self.instalacion.port, "")
        got = puerta.send(linea, puerta.next_id(), texto, esperar=False)
        linea.close()
        assert got.status == 202, got

    def copies(self) -> int:
        """How much more Telegram showed than the shop wrote."""
        ours = {t.bot.token for t in self.tiendas}
        shown = sum(a.token in ours for a in list(self.instalacion.telegram.aceptados))
        return shown - len(self.rows())

    def rows(self) -> list[str]:
        """What has become of each reply."""
        return [str(entrega) for (entrega,) in self.instalacion.sql(_ROWS, self.empresa_id)]

    def nota(self) -> str:
        return f"{self.cortes.hechos} aceptadas y cortadas, {self.copies()} copias vistas"

    def faltas(self) -> Iterator[Falta]:
        for told in undelivered(self.instalacion, self.tiendas):
            yield Falta("entregas", told)
        rows = self.rows()
        if open_ := [entrega for entrega in rows if entrega not in _ARRIVED]:
            yield Falta("todo enviado", f"{len(open_)} respuestas quedaron {sorted(set(open_))}")
        if self.copies() > self.cortes.hechos:
            yield Falta("copias ≤ cortes", f"{self.copies()} copias, {self.cortes.hechos} cortes")
        asked = self.instalacion.sql(_ASKED, self.empresa_id)[0][0]
        if asked != len(self.puertas) * len(_SAID) or len(rows) != asked:
            yield Falta("nada se pierde", f"{asked} mensajes y {len(rows)} respuestas")

    def nulo(self) -> str:
        if self.cortes.hechos < VECES:
            return f"solo se cortaron {self.cortes.hechos} respuestas"
        return "" if self.copies() else "ningún corte dejó una copia"


def cut_answers(campo: Campo) -> Golpe:
    tomados = campo.mira.aim("chat", call=campo.carga.ritmo.wave)
    if not tomados:
        return NO_WORK
    golpe = campo.mira.look(tomados, en_vuelo=campo.carga.en_vuelo)
    campo.obra.talk()
    golpe.nota = campo.obra.nota()
    golpe.fin = time.monotonic()
    return golpe
