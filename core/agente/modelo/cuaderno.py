"""What a model answered, so that a turn that runs again neither pays again nor changes its mind;
and what it has cost an empresa this month, so that it stops at the cap."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Protocol

from pydantic import BaseModel
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from core.db import Database
from core.ports import Peticion, RespuestaModelo

_MILLON = 1_000_000
_TOPE = "tope_modelo_mensual"  # in empresa.ajustes


@dataclass(frozen=True)
class Recuerdo:
    """respuesta: what was answered to this very question for this very message, if anything."""

    respuesta: RespuestaModelo | None = None
    puede_preguntar: bool = True


class Cuaderno(Protocol):
    """The memory and the purse of one turn."""

    def recall(self, paso: str, huella: str) -> Recuerdo: ...

    def keep(
        self, paso: str, huella: str, respuesta: RespuestaModelo, costo: Decimal
    ) -> RespuestaModelo:
        """Remember it and count its cost; the answer that stands, which is the first one."""
        ...


@dataclass(frozen=True)
class Tarifa:
    """Prices of a million tokens; None where nobody said."""

    entrada: Decimal | None = None
    salida: Decimal | None = None

    @property
    def conocida(self) -> bool:
        return self.entrada is not None or self.salida is not None

    def cost(self, r: RespuestaModelo) -> Decimal:
        whole = r.tokens_entrada * (self.entrada or 0) + r.tokens_salida * (self.salida or 0)
        return (Decimal(whole) / _MILLON).quantize(Decimal("0.000001"))


def tope_de(ajustes: dict[str, Any], por_defecto: Decimal | None) -> Decimal | None:
    """An empresa's monthly cap: its own, else the installation's, else none. What is no amount is
    as if it were not there."""
    own = ajustes.get(_TOPE)
    if own is None or isinstance(own, bool):
        return por_defecto
    try:
        cap = Decimal(str(own))
    except InvalidOperation:
        return por_defecto
    return cap if cap.is_finite() and cap >= 0 else por_defecto


@cache
def _schema(forma: type[BaseModel] | None) -> str:
    return json.dumps(forma.model_json_schema(), sort_keys=True) if forma else ""


def huella_de(modelo: str, peticion: Peticion) -> str:
    """Equal for equal questions to the same model."""
    asked: list[Any] = [modelo, peticion.sistema, peticion.mensajes, _schema(peticion.forma)]
    if peticion.imagen is not None:
        asked.append(hashlib.sha256(peticion.imagen).hexdigest())
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


# The month is the calendar's in UTC, by the database's clock.
_MES = "date_trunc('month', now() AT TIME ZONE 'UTC')::date"
_RECALL = text(
    f"""
    SELECT r.respuesta, r.modelo, coalesce(c.costo, 0) AS costo,
        coalesce(c.tokens_entrada + c.tokens_salida, 0) AS tokens
    FROM (SELECT 1) uno
    LEFT JOIN respuesta_modelo r ON r.empresa_id = :empresa_id AND r.chat_id = :chat_id
        AND r.mensaje_id = :mensaje_id AND r.paso = :paso AND r.huella = :huella
    LEFT JOIN consumo_modelo c ON c.empresa_id = :empresa_id AND c.mes = {_MES}
    """
)
# Paid is paid, whoever's answer stands: that is the first one.
_KEEP = text(
    f"""
    WITH mine AS (
        INSERT INTO respuesta_modelo (empresa_id, chat_id, mensaje_id, paso, huella, respuesta,
            modelo, tokens_entrada, tokens_salida, costo)
        SELECT empresa_id, chat_id, id, :paso, :huella, :respuesta, :modelo, :entrada, :salida,
            :costo
        FROM mensaje WHERE empresa_id = :empresa_id AND id = :mensaje_id  -- unless it was erased
        ON CONFLICT DO NOTHING RETURNING 1
    ), paid AS (
        INSERT INTO consumo_modelo AS c
            (empresa_id, mes, llamadas, tokens_entrada, tokens_salida, costo)
        VALUES (:empresa_id, {_MES}, 1, :entrada, :salida, :costo)
        ON CONFLICT (empresa_id, mes) DO UPDATE SET llamadas = c.llamadas + 1,
            tokens_entrada = c.tokens_entrada + excluded.tokens_entrada,
            tokens_salida = c.tokens_salida + excluded.tokens_salida,
            costo = c.costo + excluded.costo
    )
    SELECT EXISTS (SELECT FROM mine)
    """
).bindparams(bindparam("respuesta", type_=JSONB))


@dataclass(frozen=True)
class CuadernoDeTurno:
    """Cuaderno in PostgreSQL. Each call is one short transaction; none is open while a model
    thinks. `mensaje_id`: the last message of the turn. `en_moneda`: the cap is of cost, else of
    tokens."""

    db: Database
    empresa_id: int
    chat_id: int
    mensaje_id: int
    tope: Decimal | None
    en_moneda: bool

    def recall(self, paso: str, huella: str) -> Recuerdo:
        with self.db.empresa(self.empresa_id) as session:
            row = session.execute(_RECALL, self._key(paso, huella)).one()
        if row.respuesta is not None:
            return Recuerdo(_from_row(row))
        spent = row.costo if self.en_moneda else row.tokens
        return Recuerdo(puede_preguntar=self.tope is None or spent < self.tope)

    def keep(
        self, paso: str, huella: str, respuesta: RespuestaModelo, costo: Decimal
    ) -> RespuestaModelo:
        key = self._key(paso, huella)
        values = {
            **key,
            "respuesta": {"texto": respuesta.texto, "datos": respuesta.datos},
            "modelo": respuesta.modelo,
            "entrada": respuesta.tokens_entrada,
            "salida": respuesta.tokens_salida,
            "costo": costo,
        }
        with self.db.empresa(self.empresa_id) as session:
            if session.scalar(_KEEP, values):
                return respuesta
            row = session.execute(_RECALL, key).one()
        return respuesta if row.respuesta is None else _from_row(row)

    def _key(self, paso: str, huella: str) -> dict[str, Any]:
        return {
            "empresa_id": self.empresa_id,
            "chat_id": self.chat_id,
            "mensaje_id": self.mensaje_id,
            "paso": paso,
            "huella": huella,
        }


def _from_row(row: Any) -> RespuestaModelo:
    return RespuestaModelo(row.modelo, row.respuesta["texto"], row.respuesta["datos"])
