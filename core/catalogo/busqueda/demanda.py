"""What customers ask for and the shop has not: kept per empresa, counted by what was meant."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalogo.texto import terms

# Longer is talk, not a producto; its beginning says enough.
_TEXTO_MAX = 200

_KEEP = text(
    """
    INSERT INTO demanda AS d (empresa_id, clave, texto)
    SELECT :empresa_id, clave, texto
    FROM unnest(cast(:claves AS text[]), cast(:textos AS text[])) AS n (clave, texto)
    ORDER BY clave
    ON CONFLICT (empresa_id, clave) DO UPDATE
    SET veces = d.veces + 1, ultima_en = now(), texto = excluded.texto
    """
)


def clave_de(texto: str) -> str:
    """The same for "Martillos" and "el martillo": stems and sizes in their order; empty when it
    names nothing."""
    found = terms(texto[:_TEXTO_MAX])
    return " ".join(t if isinstance(t, str) else t.clave for t in found)


def keep_demanda(session: Session, textos: Iterable[str], *, empresa_id: int) -> None:
    """Count each of `textos` once. In the transaction of the turn that told the customer so."""
    named = {clave: t[:_TEXTO_MAX].strip() for t in textos if (clave := clave_de(t))}
    if named:
        values = {"claves": list(named), "textos": list(named.values())}
        session.execute(_KEEP, {"empresa_id": empresa_id} | values)
