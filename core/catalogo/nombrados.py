"""Which productos a text of the shop's own names."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.catalogo.texto import fold
from core.models import Producto

# One look over the names, without their accents; it is asked when a person saves, never in a turn.
_ACENTOS, _SIN = "áéíóúüñ", "aeiouun"
# More than a person would correct at once.
_MAX = 20


def named_productos(session: Session, *, empresa_id: int, texto: str) -> list[str]:
    """Folded names of active productos that stand somewhere in `texto`, the longest first."""
    plain = func.translate(func.lower(Producto.nombre), _ACENTOS, _SIN)
    rows = session.scalars(
        select(Producto.nombre)
        .where(
            Producto.empresa_id == empresa_id,
            Producto.activo,
            func.length(Producto.nombre) > 2,
            func.strpos(fold(texto), plain) > 0,
        )
        .limit(_MAX)
    )
    return sorted({fold(nombre) for nombre in rows}, key=len, reverse=True)
