"""From what a model read to a Turno, or to nothing: then the rules' own reading stands.

Only the rules may say that a customer confirms, or cancels a sale. A model may doubt a yes. What it
names must come from the customer's words or from the shop's rows, what it counts and copies from
the customer's words alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from core.agente.comprension import Acto, Contexto, Espera, Item, Turno
from core.agente.datos import extraer
from core.agente.lexico import TEMAS
from core.agente.modelo.forma import ItemLeido, Leido
from core.agente.numeros import UNIDADES, numerar
from core.agente.palabras import fichas, plegar
from core.catalogo.texto import Medida, fold, terms

_TELEFONO_MIN = 7
_MILESIMA = Decimal("0.001")
_ORDENAN = (Acto.PEDIDO, Acto.MODIFICAR)
_PREGUNTAN = (Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO)


class _Invalido(ValueError):
    """Something in the reading has no ground."""


def convertir(
    leido: Leido, reglas: Turno, contexto: Contexto, hallados: Sequence[str]
) -> Turno | None:
    """The Turno that `leido` amounts to; None when it is not to be believed, or agrees.

    `reglas`: the rules' reading of the same words; `hallados`: names of the shop's rows that were
    found for them.
    """
    if reglas.ataque:
        return None
    if reglas.confirma:
        return None if leido.acto is Acto.CONFIRMAR else _doubt(reglas)
    if leido.acto is Acto.CONFIRMAR:
        return None
    try:
        return _turno(leido, reglas, contexto, hallados)
    except _Invalido:
        return None


def _doubt(reglas: Turno) -> Turno:
    """A yes that may be none: the offer is said again."""
    return replace(reglas, acto=Acto.OTRO, items=(), confirma=False, afirma=False)


def _turno(leido: Leido, reglas: Turno, contexto: Contexto, hallados: Sequence[str]) -> Turno:
    dicho = _Dicho(reglas.texto, contexto, hallados)
    items = tuple(dicho.item(i) for i in leido.items) if leido.acto in _CON_ITEMS else ()
    opciones = _options(leido.opciones, contexto)
    datos = dicho.datos(leido.datos_cliente.model_dump())
    _coherent(leido, items, opciones, datos, contexto)
    return replace(
        reglas,
        acto=leido.acto,
        items=items,
        opciones=opciones,
        datos_cliente={**datos, **reglas.datos_cliente},
        tema=leido.tema if leido.tema in TEMAS else reglas.tema,
        condicional=reglas.condicional or leido.condicional,
        aplaza=reglas.aplaza or leido.aplaza,
        ajeno=reglas.ajeno or leido.ajeno,
        busca=reglas.busca or leido.acto in _PREGUNTAN,
        confirma=False,
        afirma=False,
        insiste=False,
    )


_CON_ITEMS = (*_ORDENAN, *_PREGUNTAN)


def _coherent(
    leido: Leido,
    items: tuple[Item, ...],
    opciones: tuple[int, ...],
    datos: dict[str, str],
    contexto: Contexto,
) -> None:
    """An order of nothing, data that are none, an empty topic: raises _Invalido."""
    acto = leido.acto
    if acto in _ORDENAN and not (items or opciones):
        raise _Invalido
    if acto is Acto.DAR_DATOS and not datos:
        raise _Invalido
    if acto is Acto.CONSULTA_EMPRESA and leido.tema not in TEMAS:
        raise _Invalido
    # Where the yes was given and only data are missing, they complete the sale: nothing that the
    # model itself holds for a condition or a pause may.
    hesitates = leido.condicional or leido.aplaza or leido.ajeno
    if acto is Acto.DAR_DATOS and contexto.espera is Espera.DATOS and hesitates:
        raise _Invalido


def _options(places: Sequence[int], contexto: Contexto) -> tuple[int, ...]:
    known = set(range(1, len(contexto.opciones) + 1))
    if not set(places) <= known:
        raise _Invalido
    return tuple(dict.fromkeys(places))


class _Dicho:
    """What the customer said, as ground for what a model claims that they said."""

    def __init__(self, texto: str, contexto: Contexto, hallados: Sequence[str]) -> None:
        self._texto = fold(texto)
        plegado = plegar(extraer(texto, esperados=False)[1])  # a phone counts nothing
        tokens = numerar(fichas(plegado))
        self._numeros = {f.valor for f in tokens if f.valor is not None and not f.rango}
        if any(UNIDADES.get(f.t) == "par" for f in tokens):
            self._numeros |= {n * 2 for n in self._numeros}
        self._numeros |= {q for _, q in contexto.lineas}
        self._unidades = {UNIDADES[f.t] for f in tokens if f.t in UNIDADES}
        shown = (*contexto.opciones, *(n for n, _ in contexto.lineas), *hallados)
        self._terminos = set(_roots((texto, *shown)))

    def item(self, leido: ItemLeido) -> Item:
        """Raises _Invalido for a thing or a quantity that nobody spoke of."""
        producto = self._thing(leido.producto)
        cantidad = self._count(leido.cantidad)
        if producto is None and cantidad is None:
            raise _Invalido
        unidad = UNIDADES.get(plegar(leido.unidad)) if leido.unidad else None
        if unidad not in self._unidades:
            unidad = None if cantidad is None else "unidad"
        return Item(producto, cantidad, unidad, leido.cambio, self._thing(leido.viejo))

    def _thing(self, nombre: str | None) -> str | None:
        if nombre is None or not nombre.strip():
            return None
        if self._terminos.isdisjoint(_roots((nombre,))):
            raise _Invalido
        return fold(nombre)

    def _count(self, cantidad: float | None) -> Decimal | None:
        if cantidad is None:
            return None
        # Through its shortest spelling: 0.1 is no 0.1000000000000000055.
        value = Decimal(str(cantidad))
        if not value.is_finite() or value <= 0:
            raise _Invalido
        value = value.quantize(_MILESIMA)
        found = next((n for n in self._numeros if n.quantize(_MILESIMA) == value), None)
        if found is None:
            raise _Invalido
        return found

    def datos(self, leidos: dict[str, str | None]) -> dict[str, str]:
        """Those that the customer wrote, as they wrote them; the others are dropped."""
        return {c: v.strip() for c, v in leidos.items() if v and self._wrote(c, v)}

    def _wrote(self, campo: str, valor: str) -> bool:
        if campo == "telefono":
            digits = re.sub(r"\D", "", valor)
            return len(digits) >= _TELEFONO_MIN and digits in re.sub(r"\D", "", self._texto)
        folded = fold(valor)
        return bool(folded) and folded in self._texto


def _roots(textos: Iterable[str]) -> Iterable[str]:
    """The words of these texts without gender and number; sizes where there is nothing else."""
    for texto in textos:
        found = terms(texto)
        words = [t.rstrip("ao") for t in found if isinstance(t, str)]
        yield from words or [t.clave for t in found if isinstance(t, Medida)]
