"""Pages of a list: `?limite=&cursor=` in, `{"elementos": [...], "siguiente": cursor|null}` out.

A route's query model extends `Pagina`; the route then says

    pagina = take_page(sesion(), select(Venta), by=(Venta.id,), newest_first=True, query=query)
    return pagina.answer(show_venta)

The cursor holds the last row's `by` values, so rows that come or go between two pages are neither
skipped nor repeated. `by` must be unique together and never NULL.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import Invalid

T = TypeVar("T")


class Consulta(BaseModel):
    """A route's query. flask-openapi3 asks for its schema on every request: it is made once."""

    @classmethod
    @lru_cache(maxsize=64)
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        return super().model_json_schema(*args, **kwargs)


class Pagina(Consulta):
    """The query of every list."""

    limite: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=2000)


@dataclass(frozen=True)
class Tramo(Generic[T]):
    """One page's rows and the cursor of the next page, None on the last."""

    filas: list[T]
    siguiente: str | None

    def answer(self, show: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
        return self.answer_with([show(fila) for fila in self.filas])

    def answer_with(self, elementos: list[dict[str, Any]]) -> dict[str, Any]:
        """For rows that were shown together, with one query for all that hangs on them."""
        return {"elementos": elementos, "siguiente": self.siguiente}


def take_page(
    session: Session,
    select: Select[T],
    *,
    by: Sequence[InstrumentedAttribute[Any]],
    query: Pagina,
    newest_first: bool = False,
) -> Tramo[T]:
    """The next `query.limite` entities of `select` in the order of `by`, all of it falling when
    `newest_first`. Raises Invalid for a cursor that this list did not give.
    """
    key = tuple_(*by)
    if query.cursor:
        last = tuple_(*_read_cursor(query.cursor, by))
        select = select.where(key < last if newest_first else key > last)
    order = [c.desc() if newest_first else c.asc() for c in by]
    # One row more than asked tells whether there is a next page.
    filas = list(session.scalars(select.order_by(*order).limit(query.limite + 1)))
    if len(filas) <= query.limite:
        return Tramo(filas, None)
    filas.pop()
    return Tramo(filas, _write_cursor([getattr(filas[-1], c.key) for c in by]))


def _write_cursor(values: list[Any]) -> str:
    return urlsafe_b64encode(to_json(values)).rstrip(b"=").decode()


def _read_cursor(cursor: str, by: Sequence[InstrumentedAttribute[Any]]) -> tuple[Any, ...]:
    kinds = tuple(_KINDS.get(c.type.python_type, c.type.python_type) for c in by)
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        values: tuple[Any, ...] = TypeAdapter(tuple[kinds]).validate_json(raw)  # type: ignore[valid-type]
    except (ValueError, ValidationError) as e:
        campo = {"campo": "cursor", "mensaje": "no es un cursor de esta lista"}
        raise Invalid("El cursor no es válido.", errores=[campo]) from e
    return values


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("NUL")
    return value


# What PostgreSQL would refuse with an error must be refused before it gets there.
_KINDS: dict[type, Any] = {
    int: Annotated[int, Field(ge=-(2**63), lt=2**63)],
    str: Annotated[str, AfterValidator(_without_nul)],
}
