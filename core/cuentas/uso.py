"""What a shop did, day by day (UTC): the figures behind GET /logs/metrics/uso."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import Invalid

DIAS_MAX = 366

_BY_DAY = text(
    """
    WITH m AS (
        SELECT (creado_en AT TIME ZONE 'UTC')::date AS dia,
            count(*) FILTER (WHERE remitente = 'usuario') AS mensajes,
            count(*) FILTER (WHERE remitente = 'bot') AS turnos,
            count(DISTINCT chat_id) AS chats
        FROM mensaje
        WHERE empresa_id = :empresa_id AND creado_en >= :desde AND creado_en < :hasta
          AND chat_id NOT IN (SELECT id FROM chat WHERE empresa_id = :empresa_id AND equipo)
        GROUP BY 1
    ), v AS (
        SELECT (creada_en AT TIME ZONE 'UTC')::date AS dia, count(*) AS ventas,
            sum(total) AS importe
        FROM venta
        WHERE empresa_id = :empresa_id AND creada_en >= :desde AND creada_en < :hasta
        GROUP BY 1
    ), c AS (
        SELECT (cancelada_en AT TIME ZONE 'UTC')::date AS dia, count(*) AS cancelaciones,
            sum(total) AS importe_cancelado
        FROM venta
        WHERE empresa_id = :empresa_id AND cancelada_en >= :desde AND cancelada_en < :hasta
        GROUP BY 1
    )
    SELECT d.dia, coalesce(mensajes, 0) AS mensajes, coalesce(turnos, 0) AS turnos,
        coalesce(chats, 0) AS chats, coalesce(ventas, 0) AS ventas,
        coalesce(importe, 0.00) AS importe, coalesce(cancelaciones, 0) AS cancelaciones,
        coalesce(importe_cancelado, 0.00) AS importe_cancelado
    FROM (SELECT dia FROM m UNION SELECT dia FROM v UNION SELECT dia FROM c) d
        LEFT JOIN m USING (dia) LEFT JOIN v USING (dia) LEFT JOIN c USING (dia)
    ORDER BY d.dia
    """
)

_AT_ONCE = text(
    """
    SELECT e.moneda,
        (SELECT count(*) FROM producto WHERE empresa_id = e.id AND activo) AS productos,
        (SELECT count(DISTINCT chat_id) FROM mensaje
         WHERE empresa_id = e.id AND creado_en >= :desde AND creado_en < :hasta
           AND chat_id NOT IN (SELECT id FROM chat WHERE empresa_id = e.id AND equipo)) AS chats
    FROM empresa e WHERE e.id = :empresa_id
    """
)

_COUNTS = ("mensajes", "turnos", "ventas", "cancelaciones")
_AMOUNTS = ("importe", "importe_cancelado")


def read_uso(
    session: Session, *, empresa_id: int, desde: datetime, hasta: datetime
) -> dict[str, Any]:
    """Totals and the days that had any activity in [desde, hasta).

    `turnos` are answers of the bot; `importe` what was sold that day, whatever became of it;
    `importe_cancelado` what was cancelled that day. Raises Invalid beyond DIAS_MAX days.
    """
    if not timedelta(0) < hasta - desde <= timedelta(days=DIAS_MAX):
        errores = [{"campo": "hasta", "mensaje": f"después de desde, {DIAS_MAX} días como máximo"}]
        raise Invalid("El intervalo no es válido.", errores=errores)
    span = {"empresa_id": empresa_id, "desde": desde, "hasta": hasta}
    days = session.execute(_BY_DAY, span).mappings().all()
    now = session.execute(_AT_ONCE, span).mappings().one()
    return {
        "desde": desde.isoformat(),
        "hasta": hasta.isoformat(),
        "moneda": now["moneda"],
        # As of now, not of the range.
        "productos": now["productos"],
        "chats": now["chats"],
        **{name: sum(day[name] for day in days) for name in _COUNTS},
        **{name: f"{sum(day[name] for day in days):.2f}" for name in _AMOUNTS},
        "dias": [
            {"fecha": day["dia"].isoformat(), "chats": day["chats"]}
            | {name: day[name] for name in _COUNTS}
            | {name: f"{day[name]:.2f}" for name in _AMOUNTS}
            for day in days
        ],
    }
