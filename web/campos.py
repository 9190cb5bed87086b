"""Types of what arrives: text that PostgreSQL can keep, in the sizes that we keep."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints


def _storable(value: str) -> str:
    """PostgreSQL has no NUL in text, and UTF-8 no half of a surrogate pair."""
    if "\0" in value:
        raise ValueError("no puede contener caracteres nulos")
    try:
        value.encode()
    except UnicodeEncodeError as e:
        raise ValueError("contiene caracteres que no son texto") from e
    return value


Texto = Annotated[str, AfterValidator(_storable)]
_DATOS_MAX = 10_000


def _storable_tree(value: dict[str, Any]) -> dict[str, Any]:
    """What jsonb can keep, and little of it: text as above, no NaN."""
    written = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(written) > _DATOS_MAX:
        raise ValueError(f"son más de {_DATOS_MAX} caracteres")
    # Escaped in JSON, so that a tree is looked through as one text.
    _storable(written.replace("\\u0000", "\0"))
    return value


Datos = Annotated[dict[str, Any], AfterValidator(_storable_tree)]
# One line of a form: a name, a title.
Nombre = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_storable),
]


def _instant(value: object, *, days: int) -> datetime:
    if not isinstance(value, str):
        raise ValueError("es una fecha o un instante ISO 8601")
    try:
        # An unescaped + in a URL arrives as a space.
        parsed = datetime.fromisoformat(value.strip().replace(" ", "+"))
        if "T" not in value:
            return parsed.replace(tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError) as e:
        raise ValueError("es una fecha o un instante ISO 8601") from e
    if parsed.tzinfo is None:
        raise ValueError("un instante necesita su zona, como en 2026-01-31T10:00:00Z")
    return parsed


# A range is [desde, hasta): a bare date means its UTC day, and `hasta` includes all of that day.
Desde = Annotated[datetime, BeforeValidator(lambda v: _instant(v, days=0))]
Hasta = Annotated[datetime, BeforeValidator(lambda v: _instant(v, days=1))]


class Id(BaseModel):
    """The path of one row. Rules say `<int:id>`, which matches no number that cannot be an id."""

    id: int
