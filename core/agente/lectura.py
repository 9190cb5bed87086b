"""What was seen in a message, before it is known which act it is, and the items as that act has
them."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from core.agente.comprension import Acto, Cambio, Contexto, Espera, Item
from core.agente.lexico import SOBRE_LO_OFRECIDO, Rasgo
from core.agente.palabras import plegar
from core.agente.referencias import all_of
from core.catalogo.busqueda.sinonimos import names_good

_OBJETO_QUEJA = re.compile(
    r"\b(?:el|la|los|las) ([a-zñ]\w+)(?: \w+){0,4}? (?:que|se|no|est\w+|lleg\w+|vin\w+|salio)\b"
    r"|\bme (?:vend|mand|envi|entreg)\w+ (?:un |una |el |la |los |las )?(\w+)"
)
_SENALA = re.compile(
    r"^(?:y |si |ok |pues |bueno )*(?:es[aeo]s?|est[aeo]s?|aquell?[ao]s?)(?: mism[oa])?$"
)


@dataclass(frozen=True)
class Lectura:
    """Everything that was seen in a message, for the table of acts."""

    contexto: Contexto
    linea: str
    rasgos: frozenset[Rasgo]
    tema: str | None
    items: tuple[Item, ...]
    datos: dict[str, str]
    confirma: bool
    afirma: bool
    condicional: bool
    opciones: tuple[int, ...]
    preferencia: str | None
    relativo: bool

    def has(self, *rasgos: Rasgo) -> bool:
        return any(r in self.rasgos for r in rasgos)

    @property
    def con_cantidad(self) -> bool:
        return any(i.cantidad is not None for i in self.items)

    @property
    def encarga(self) -> bool:
        """Names a good and how many of it, with a verb of ordering."""
        named = any(i.producto and i.cantidad and names_good(i.producto) for i in self.items)
        return named and self.has(Rasgo.PEDIR)

    @property
    def reemplaza(self) -> bool:
        return any(i.cambio is Cambio.REEMPLAZAR for i in self.items)

    @property
    def en_oferta(self) -> bool:
        return self.contexto.espera is Espera.OFERTA

    @property
    def ataca(self) -> bool:
        """Wants the seller to be another, or what is not theirs. A boss may order like anybody."""
        return self.has(Rasgo.ATAQUE) or self.has(Rasgo.PRESUME) and not self.con_cantidad

    @property
    def senala(self) -> bool:
        """ "ese": the only one listed, or the one spoken of."""
        return bool(_SENALA.search(self.linea)) and self.contexto.espera is Espera.OPCIONES

    @property
    def todas(self) -> bool:
        return len(self.contexto.opciones) > 1 and all_of(self.linea)

    @property
    def elige(self) -> bool:
        """Something of the bot's list is meant."""
        return bool(self.contexto.opciones) and (
            bool(self.opciones) or self.preferencia is not None or self.todas
        )


_SOLO_MEDIDA = re.compile(r"[\d/., ]+(?: [a-zñ]+)?|[a-zñ]?\d+")


def of_the_list(items: tuple[Item, ...], contexto: Contexto) -> tuple[Item, ...]:
    """ "tres de los de 8 metros" are flexómetros, when those were listed."""
    spoken = contexto.opciones or [nombre for nombre, _ in contexto.lineas]
    heads = {plegar(nombre).split(" ")[0] for nombre in spoken if nombre}
    if len(heads) != 1:
        return items
    head = heads.pop()
    return tuple(
        replace(i, producto=f"{head} {i.producto}")
        if i.producto and _SOLO_MEDIDA.fullmatch(i.producto)
        else i
        for i in items
    )


def tidy(items: tuple[Item, ...], acto: Acto, v: Lectura) -> tuple[Item, ...]:
    """ "¿tienen un martillo?" counts nothing by itself; a yes or a no orders nothing."""
    if acto in (Acto.QUEJA, Acto.CONSULTA_EMPRESA, Acto.HABLAR_HUMANO):
        return _of_the_trade(items, v) or _complained_of(acto, v)
    if acto is Acto.CONSULTA_PRODUCTO and v.en_oferta and SOBRE_LO_OFRECIDO.search(v.linea):
        return ()
    if acto is Acto.PEDIDO and not items and v.senala:
        return (Item(None, Decimal(1), "unidad"),)
    if acto in (Acto.CONSULTA_PRODUCTO, Acto.CONSULTA_PRECIO):
        counts = any(i.cantidad not in (None, 1) for i in items)
        return tuple(
            Item(i.producto, i.cantidad if counts or i.cantidad != 1 else None, i.unidad)
            for i in items
            if i.producto
        )
    if acto in (Acto.PEDIDO, Acto.MODIFICAR, Acto.CONFIRMAR):
        return items
    return ()


def _of_the_trade(items: tuple[Item, ...], v: Lectura) -> tuple[Item, ...]:
    """What is spoken of where nothing is ordered: only what the trade has a name for."""
    found = [Item(i.producto) for i in items if i.producto and names_good(i.producto)]
    return tuple(found[:1]) if v.has(Rasgo.QUEJA) else tuple(found)


def _complained_of(acto: Acto, v: Lectura) -> tuple[Item, ...]:
    found = _OBJETO_QUEJA.search(v.linea) if acto is Acto.QUEJA else None
    return (Item(found[1] or found[2]),) if found else ()
