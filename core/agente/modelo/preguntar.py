"""One question of a turn to a model of any kind: remembered or new, counted, and paid once."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from core.agente.modelo.cuaderno import Cuaderno, Tarifa
from core.agente.motor import Llamada
from core.errors import ModeloRechazado, Unavailable
from core.ports import Metricas, RespuestaModelo


@dataclass(frozen=True)
class Contestado:
    """The answer that stands, and what asking for it took."""

    respuesta: RespuestaModelo
    llamada: Llamada


@dataclass(frozen=True)
class Preguntas:
    """Whose memory, at what prices, counted where."""

    cuaderno: Cuaderno
    tarifa: Tarifa
    metricas: Metricas | None = None

    def ask(
        self,
        paso: str,
        huella: str,
        ask: Callable[[float], RespuestaModelo],
        *,
        segundos: Callable[[], float],
        minimo: float,
    ) -> Contestado | None:
        """The answer to `huella`, remembered, else what `ask` returns within the seconds that are
        left. None beyond the cap, with less than `minimo` seconds, or when the model failed."""
        known = self.cuaderno.recall(paso, huella)
        if known.respuesta is not None:
            self._count(paso, "recordada")
            past = Llamada(paso, known.respuesta.modelo, 0, recordada=True)
            return Contestado(known.respuesta, past)
        left = segundos() if known.puede_preguntar else 0.0
        return None if left < minimo else self._ask_anew(paso, huella, ask, left)

    def _ask_anew(
        self, paso: str, huella: str, ask: Callable[[float], RespuestaModelo], segundos: float
    ) -> Contestado | None:
        start = time.monotonic()
        try:
            answer = ask(segundos)
        except Unavailable:
            self._count(paso, "fallida")
            return None
        except ModeloRechazado:
            self._count(paso, "rechazada")
            return None
        costo = self.tarifa.cost(answer)
        self._count(paso, "respondida", answer)
        llamada = Llamada(
            paso,
            answer.modelo,
            round((time.monotonic() - start) * 1000),
            answer.tokens_entrada,
            answer.tokens_salida,
            costo,
        )
        return Contestado(self.cuaderno.keep(paso, huella, answer, costo), llamada)

    def _count(self, paso: str, resultado: str, answer: RespuestaModelo | None = None) -> None:
        if self.metricas is not None:
            self.metricas.llamada_modelo(
                paso=paso,
                resultado=resultado,
                tokens_entrada=answer.tokens_entrada if answer else 0,
                tokens_salida=answer.tokens_salida if answer else 0,
            )
