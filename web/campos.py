"""Types of what arrives: text that PostgreSQL can keep, in the sizes that we keep."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, StringConstraints


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
# One line of a form: a name, a title.
Nombre = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_storable),
]


class Id(BaseModel):
    """The path of one row. Rules say `<int:id>`, which matches no number that cannot be an id."""

    id: int
