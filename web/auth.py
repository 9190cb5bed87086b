"""Who is calling. Filled in by the accounts slice; the shape other rooms rely on stands here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import g

from core.models import Rol

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Identidad:
    """The proven caller of this request. chat_id: the one chat (row id) that a cliente may open."""

    empresa_id: int
    rol: Rol
    sesion_id: UUID
    usuario_id: int | None = None
    chat_id: int | None = None

    @property
    def actor(self) -> str:
        return f"usuario:{self.usuario_id}" if self.usuario_id else "cliente"


def identidad() -> Identidad:
    found: Identidad = g.identidad
    return found


def requires(*roles: Rol) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only callers with one of `roles`, or a higher one: superadmin > admin > vendedor >
    observador. `cliente` is beside that ladder and must be named.

    Raises Unauthenticated without a good token, Forbidden with too low a role.
    """

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            raise NotImplementedError

        return guarded

    return wrap
