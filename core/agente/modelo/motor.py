"""A Motor with a model in it: the rules read first and word best; the model is asked in between."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.agente.comprension import Contexto, Item, Turno
from core.agente.elegir import BUSCADOS, elegir
from core.agente.entender import entender
from core.agente.estado import Pendiente
from core.agente.hechos import Decision
from core.agente.modelo.cuaderno import Cuaderno, Tarifa, huella_de
from core.agente.modelo.forma import Leido
from core.agente.modelo.guardas import convertir
from core.agente.modelo.indicaciones import indicaciones, para_leer, para_redactar, se_redacta
from core.agente.modelo.merece import merece
from core.agente.modelo.preguntar import Preguntas
from core.agente.motor import OFFLINE, Llamada
from core.agente.redactar import redactar
from core.catalogo.texto import fold
from core.mensajes.charla import Charla
from core.ports import ChatVisto, Fuentes, Metricas, Modelo, Peticion, RespuestaModelo

_LLAMADAS_MAX = 2  # one to read, one to word
# Not worth asking for less: no provider answers sooner, and it would only count as its failure.
_MINIMO_SEGUNDOS = 1.5
_BUSCADO_MAX = 400  # of a long message, what the catalogue is searched with
_COSAS_MAX = 5  # of a long list, how many are looked up for the model


@dataclass(frozen=True)
class Limites:
    """fin: time.monotonic() at which the turn must have its words. segundos: of one question.
    redactar: whether the model may word answers at all."""

    fin: float
    segundos: float
    redactar: bool = True


class ConModelo:
    """Implements core.agente.motor.Motor for one turn. A model that is slow, down, wrong or over
    the month's cap is as if there were none."""

    # When it is worth asking; nothing else depends on it.
    merece = staticmethod(merece)
    se_redacta = staticmethod(se_redacta)

    def __init__(
        self,
        modelo: Modelo,
        *,
        cuaderno: Cuaderno,
        charla: Callable[[], Charla],
        limites: Limites,
        tarifa: Tarifa,
        metricas: Metricas | None = None,
    ) -> None:
        self.lector = self.redactor = OFFLINE
        self.llamadas: tuple[Llamada, ...] = ()
        self._modelo = modelo
        self._read_charla = charla
        self._limites = limites
        self._preguntas = Preguntas(cuaderno, tarifa, metricas)
        self._dicho = ""

    @cached_property
    def _charla(self) -> Charla:
        """Read only when somebody is asked."""
        return self._read_charla()

    def leer(
        self, textos: Sequence[str], contexto: Contexto, chat: ChatVisto, fuentes: Fuentes
    ) -> Turno:
        turno = entender(textos, contexto)
        self._dicho = turno.texto
        if not self.merece(turno, contexto, _finder(contexto, fuentes)):
            return turno
        names = _names(turno, fuentes)
        answer = self._ask(para_leer(turno, contexto, chat, self._charla, names))
        if answer is None or answer.datos is None:
            return turno
        read = convertir(Leido.model_validate(answer.datos), turno, contexto, names)
        if read is None:
            return turno
        self.lector = self._modelo.nombre
        return read

    def redactar(self, decision: Decision, chat: ChatVisto) -> str:
        template = redactar(decision, chat)
        if not self._limites.redactar or not self.se_redacta(decision):
            return template
        answer = self._ask(para_redactar(self._dicho, template, chat))
        if answer is None or not answer.texto.strip():
            return template
        self.redactor = self._modelo.nombre
        return answer.texto.strip()

    def _ask(self, peticion: Peticion) -> RespuestaModelo | None:
        """The answer, remembered or new; None where the rules must do."""

        def ask(segundos: float) -> RespuestaModelo:
            return self._modelo.ask(peticion, segundos=segundos)

        huella = huella_de(self._modelo.nombre, peticion)
        got = self._preguntas.ask(
            peticion.paso, huella, ask, segundos=self._left, minimo=_MINIMO_SEGUNDOS
        )
        if got is None:
            return None
        self.llamadas = (*self.llamadas, got.llamada)
        return got.respuesta

    def _left(self) -> float:
        if len(self.llamadas) >= _LLAMADAS_MAX:
            return 0.0
        return min(self._limites.segundos, self._limites.fin - time.monotonic())


def _names(turno: Turno, fuentes: Fuentes) -> list[str]:
    """What the shop calls the things that were named, or that the whole message may mean."""
    things = [i.producto for i in turno.items if i.producto][:_COSAS_MAX]
    hits = [
        h.producto.nombre
        for texto in things or [turno.texto[:_BUSCADO_MAX]]
        for h in fuentes.catalogo.buscar(texto, BUSCADOS)  # as `elegir` has searched already
    ]
    return list(dict.fromkeys(hits))[: int(indicaciones()["nombres"])]


def _finder(contexto: Contexto, fuentes: Fuentes) -> Callable[[Item], bool]:
    """Whether what an item names was shown, or is in the catalogue."""
    shown = (*contexto.opciones, *(n for n, _ in contexto.lineas))

    def finds(item: Item) -> bool:
        texto = item.producto or ""
        if any(fold(texto) in fold(nombre) for nombre in shown):
            return True
        return bool(
            elegir(fuentes.catalogo, Pendiente(texto, item.cantidad, item.unidad)).candidatos
        )

    return finds
