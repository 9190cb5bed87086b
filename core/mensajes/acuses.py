"""What a provider tells later of a reply: that it has it, delivered it, that it was read or failed.

News come late, twice, in any order, and before we have written down that we sent it: the reply's
own number rides in them (`referencia_de`), so that even then they find their row. They only move
forward, enviada < fallida < entregada < leida, whatever comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BOOLEAN, TEXT

from core.db import Database
from core.errors import FueraDeVentana
from core.mensajes.salida import OPEN

VERSION = 1


def referencia_de(*, mensaje_id: int, parte: int, partes: int, token: int) -> str:
    """What goes with a piece and comes back with its news: which, of how many, in which try."""
    return f"{VERSION}:{mensaje_id}:{parte}:{partes}:{token}"


@dataclass(frozen=True)
class Acuse:
    """estado: sent, delivered, read or failed; then `error` says why, as "codigo:number"."""

    mensaje_id: int
    parte: int
    partes: int
    token: int
    id_proveedor: str
    estado: str
    error: str | None = None


@dataclass(frozen=True)
class _Suma:
    """All the news of one reply. hechas: pieces that the provider has, the last of them in try
    `token`; token_error: the try that failed."""

    id: int
    hechas: int
    partes: int
    id_proveedor: str
    token: int = 0
    estado: str | None = None
    error: str | None = None
    token_error: int = 0


_RANK = (None, "entregada", "leida")
_ESTADO = {"delivered": "entregada", "read": "leida"}

# Rows are locked in the order of their ids, so that two of these cannot wait for each other.
_APPLY = text(
    f"""
    WITH a AS (
        SELECT * FROM unnest(:ids, :hechas, :partes, :wamids, :tokens, :estados, :errores,
            :tokens_error, :retener)
            AS a(id, hechas, partes, wamid, token, estado, error, token_error, retener)
    ), m AS (
        SELECT m.id, m.entrega, m.entrega_partes, m.entrega_token, m.entrega IN {OPEN} AS abierta
        FROM mensaje m
        WHERE m.empresa_id = :empresa_id AND m.canal_id = :canal_id AND m.id = ANY(:ids)
          AND m.remitente <> 'usuario'
        ORDER BY m.id FOR UPDATE
    ), n AS (
        SELECT m.id, m.abierta, a.hechas, a.wamid, a.error, CASE
            WHEN a.estado = 'leida' OR m.entrega = 'leida' THEN 'leida'
            WHEN a.estado = 'entregada' OR m.entrega = 'entregada' THEN 'entregada'
            WHEN a.error IS NOT NULL THEN CASE
                WHEN NOT m.abierta AND m.entrega <> 'enviada' THEN m.entrega
                WHEN NOT a.retener THEN 'fallida'
                WHEN a.token_error = m.entrega_token THEN 'retenida'
                ELSE m.entrega END
            WHEN m.abierta AND m.entrega_partes < a.hechas AND a.token = m.entrega_token
                THEN CASE WHEN a.hechas >= a.partes THEN 'enviada' ELSE 'pendiente' END
            ELSE m.entrega END AS entrega,
            m.entrega AS antes
        FROM m JOIN a ON a.id = m.id
    )
    UPDATE mensaje SET entrega = n.entrega,
        entrega_partes = CASE WHEN n.entrega = 'retenida' THEN 0
            ELSE greatest(mensaje.entrega_partes, n.hechas) END,
        entrega_intentos = 0,
        entrega_desde = CASE
            WHEN n.entrega = 'pendiente'
                THEN clock_timestamp() + make_interval(secs => :pausa)
            WHEN n.abierta OR n.entrega IN ('fallida', 'retenida') THEN clock_timestamp()
            ELSE mensaje.entrega_desde END,
        id_proveedor = CASE WHEN n.abierta THEN n.wamid ELSE mensaje.id_proveedor END,
        error = CASE
            WHEN n.entrega = 'retenida' THEN 'fuera_de_ventana'
            WHEN n.entrega = 'fallida' THEN n.error
            WHEN n.antes = 'fallida' THEN NULL
            ELSE mensaje.error END
    FROM n
    WHERE mensaje.empresa_id = :empresa_id AND mensaje.id = n.id AND n.entrega <> n.antes
    """
).bindparams(
    *(
        bindparam(name, type_=ARRAY(BIGINT))
        for name in ("ids", "hechas", "partes", "tokens", "tokens_error")
    ),
    *(bindparam(name, type_=ARRAY(TEXT)) for name in ("wamids", "estados", "errores")),
    bindparam("retener", type_=ARRAY(BOOLEAN)),
)


def apply_acuses(
    db: Database, *, empresa_id: int, canal_id: int, acuses: Iterable[Acuse], pausa: float
) -> int:
    """Move the replies of one canal on, all in one statement; how many moved. Idempotent.

    One whose customer has to write first is held back, as if we had known it. `pausa`: seconds
    between two pieces of a reply.
    """
    sums = _sum(acuses)
    if not sums:
        return 0
    outside = f"{FueraDeVentana.codigo}:"
    values = {
        "empresa_id": empresa_id,
        "canal_id": canal_id,
        "pausa": pausa,
        "ids": [x.id for x in sums],
        "hechas": [x.hechas for x in sums],
        "partes": [x.partes for x in sums],
        "wamids": [x.id_proveedor for x in sums],
        "estados": [x.estado for x in sums],
        "errores": [x.error for x in sums],
        "tokens": [x.token for x in sums],
        "tokens_error": [x.token_error for x in sums],
        "retener": [bool(x.error and x.error.startswith(outside)) for x in sums],
    }
    with db.empresa(empresa_id) as session:
        moved = session.execute(_APPLY, values)
        return int(moved.rowcount)  # type: ignore[attr-defined]


def _sum(acuses: Iterable[Acuse]) -> list[_Suma]:
    sums: dict[int, _Suma] = {}
    for a in acuses:
        before = sums.get(a.mensaje_id) or _Suma(a.mensaje_id, 0, a.partes, a.id_proveedor)
        after = before
        if a.parte + 1 > before.hechas:
            told = {"hechas": a.parte + 1, "id_proveedor": a.id_proveedor, "token": a.token}
            after = replace(after, **told)  # type: ignore[arg-type]
        # A reply has arrived when its last piece has.
        estado = _ESTADO.get(a.estado) if a.parte + 1 == a.partes else None
        if _RANK.index(estado) > _RANK.index(before.estado):
            after = replace(after, estado=estado)
        if a.error is not None:
            latest = max(a.token, before.token_error)
            after = replace(after, error=a.error, token_error=latest)
        sums[a.mensaje_id] = after
    return list(sums.values())
