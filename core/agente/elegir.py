"""Which producto a customer means: one, several to choose from, or none.

The search says what is like the words; here is decided whether its answer is clear enough to
offer. Nothing is remembered, nothing is guessed beyond what the rows say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.agente.estado import Pendiente
from core.agente.numeros import CONTABLES, UNIDADES, escribir
from core.agente.palabras import plegar
from core.catalogo.busqueda.buscar import SIGNIFICADO
from core.catalogo.texto import Medida, fold, stem, terms
from core.ports import Catalogo, Hallazgo, ProductoVisto
from core.unidades import allows_fraction

OPCIONES_MAX = 5
BUSCADOS = 15
# The search's score is the share of the question that a producto answers.
PLAUSIBLE = 0.42
_MARGEN = 0.09
_SUGERIDOS = 3
_DESCRIBE = re.compile(r"\b(?:algo|para|pa|sirva|sirve|sirven)\b")
_CERCANO = 0.2  # half as near as the nearest
_ETIQUETA = re.compile(r"\b(?:talla|tipo|clase|grado|calibre|grano) \w+\b")
_OTRA_MEDIDA = "otra medida"
_PAQUETE = re.compile(
    r"\b(?:caja|paquete|bolsa|pack)s? (?:de |x |por |con )?(\d{1,5})"
    r"(?! ?(?:g|gr|kg|ml|l|oz|cm|mm|m)\b|\d)"
)


@dataclass(frozen=True)
class Eleccion:
    """candidatos: best first, of equal right. exacta: they answer the sizes that were asked."""

    candidatos: tuple[ProductoVisto, ...]
    exacta: bool = True

    @property
    def unico(self) -> ProductoVisto | None:
        return self.candidatos[0] if len(self.candidatos) == 1 else None


def elegir(catalogo: Catalogo, pedido: Pendiente) -> Eleccion:
    """The productos that `pedido` may mean. With several, those in stock come first."""
    # By how sure each is: what meaning adds may order, but never outbid what words say.
    hits = sorted(_search(catalogo, pedido), key=lambda h: -h.puntaje)
    if not hits or hits[0].puntaje < PLAUSIBLE:
        return Eleccion(())
    best = hits[0].puntaje
    alike = [h for h in hits if h.puntaje >= best - _MARGEN and h.motivo == hits[0].motivo]
    if fold(hits[0].producto.nombre) == fold(pedido.texto):
        alike = hits[:1]
    group = _most_literal(_of_unit([h.producto for h in alike], pedido), pedido.texto)
    labelled = _of_label(group, pedido.texto)
    exacta = hits[0].motivo != _OTRA_MEDIDA and bool(labelled)
    return Eleccion(_in_stock_first(labelled or group), exacta=exacta)


def cantidad_de(producto: ProductoVisto, pedido: Pendiente) -> Decimal | None:
    """How many of `producto` were asked for, in its own unit."""
    cantidad = pedido.cantidad
    if cantidad is None:
        return None
    if pedido.unidad == "par" and fold(producto.unidad) != "par":
        return cantidad * 2
    if cantidad % 1 and not allows_fraction(producto.unidad) and _has_size(producto, pedido):
        return Decimal(1)  # "1/4 de galón" of a thing sold in quarters
    return cantidad


def otra_unidad(producto: ProductoVisto, pedido: Pendiente) -> bool:
    """Whether they count in something that the producto is not sold by: boxes of loose screws."""
    asked = pedido.unidad
    if pedido.cantidad is None:
        return False
    if asked in (None, "unidad", "par", "juego"):
        if UNIDADES.get(fold(producto.unidad)) in ("kg", "gramo", "libra"):
            return sustantivo(pedido.texto).split(" ")[0].endswith("s")  # "200 clavos" are no kilos
        pack = _PAQUETE.search(fold(producto.nombre))
        # "200 tornillos", where a box holds 100: are they boxes?
        boxed = UNIDADES.get(fold(producto.unidad)) in ("caja", "paquete", "bolsa")
        return boxed and pack is not None and pedido.cantidad >= int(pack[1]) > 1
    sold = UNIDADES.get(fold(producto.unidad), fold(producto.unidad))
    if asked == sold or asked in terms_of_unit(producto):
        return False
    measured = allows_fraction(producto.unidad)
    if asked in CONTABLES:
        return measured or sold == "unidad" and asked in ("caja", "paquete", "bolsa", "rollo")
    return asked not in ("galón", "litro") and sold in CONTABLES or measured


def terms_of_unit(producto: ProductoVisto) -> frozenset[str]:
    """Units that the name itself speaks of: (caja 100), rollo 100 m."""
    words = fold(producto.nombre).replace("(", " ").replace(")", " ").split()
    return frozenset(UNIDADES[w] for w in words if UNIDADES.get(w) in CONTABLES)


def alternativas(
    catalogo: Catalogo, agotado: ProductoVisto, n: int = 3
) -> tuple[ProductoVisto, ...]:
    """Up to n productos in stock of the same kind, the most alike first."""
    head = _head(agotado.nombre)
    found = [h.producto for h in catalogo.buscar(agotado.nombre, BUSCADOS)]
    known = {p.id for p in found}
    found += [h.producto for h in catalogo.buscar(head, BUSCADOS) if h.producto.id not in known]
    words = [t for t in terms(agotado.nombre) if isinstance(t, str)]
    alike = sorted(found, key=lambda p: -coincide(p, words))  # stable: then as the search says
    return tuple(
        p for p in alike if p.id != agotado.id and p.stock > 0 and _head(p.nombre) == head
    )[:n]


def por_sentido(catalogo: Catalogo, pedido: Pendiente, dicho: str) -> tuple[ProductoVisto, ...]:
    """What no word named but may serve, in stock, the nearest first; none unless `dicho` describes
    a need: who names a bicicleta wants no llave. Meaning says who is nearer and never whether
    anything is near: these are shown as a guess, and nothing is offered of them."""
    if not _DESCRIBE.search(plegar(dicho)):
        return ()
    hits = catalogo.buscar(pedido.texto, BUSCADOS)
    near = [h for h in hits if h.motivo == SIGNIFICADO and h.puntaje >= _CERCANO]
    return tuple(h.producto for h in near if h.producto.stock > 0)[:_SUGERIDOS]


def entre(opciones: Sequence[ProductoVisto], texto: str) -> tuple[ProductoVisto, ...]:
    """Those of `opciones` that every word of `texto` fits; else those that most of it fits. None
    of another size than was said: "del de 25 kilos" is not the one of 50."""
    asked = terms(texto)
    if not asked:
        return ()
    shares = [(coincide(p, asked), p) for p in opciones if not _of_another_size(p, asked)]
    best = max((share for share, _ in shares), default=0.0)
    if best < 0.5:
        return ()
    return tuple(p for share, p in shares if share == best)


def preferido(opciones: Sequence[ProductoVisto], preferencia: str) -> ProductoVisto | None:
    """The cheapest, dearest, biggest or smallest; None where sizes do not tell."""
    if not opciones:
        return None
    if preferencia in ("barato", "caro"):
        ordered = sorted(opciones, key=lambda p: (p.precio, p.id))
        return ordered[0 if preferencia == "barato" else -1]
    sizes = [
        {m.familia: Fraction(m.clave.removesuffix(_unit_of(m))) for m in _measures(p)}
        for p in opciones
    ]
    shared = [f for f in sizes[0] if all(f in s for s in sizes) and len({s[f] for s in sizes}) > 1]
    if not shared:
        return None
    by_size = sorted(range(len(opciones)), key=lambda n: sizes[n][shared[0]])
    return opciones[by_size[-1 if preferencia == "grande" else 0]]


def _measures(p: ProductoVisto) -> list[Medida]:
    found = [t for t in terms(p.nombre) if isinstance(t, Medida)]
    return [m for m in reversed(found) if re.fullmatch(r"[\d/]+" + re.escape(_unit_of(m)), m.clave)]


def _unit_of(m: Medida) -> str:
    return m.clave.lstrip("0123456789/")


def sustantivo(texto: str) -> str:
    """The thing without its sizes: "clavo con cabeza de 3 pulgadas" → "clavo con cabeza"."""
    named = re.sub(r"^(?:[\d/.,]+ [a-zñ]+ (?:de )?)+", "", fold(texto))  # "5 galones de pintura"
    kept = re.split(r"\b(?:de )?\d", named, maxsplit=1)[0].strip()
    return re.sub(r"(?: (?:de|con|para|en|x|grano|calibre|talla|tipo))+$", "", kept)


def coincide(producto: ProductoVisto, asked: Sequence[str | Medida]) -> float:
    """Which share of the words and sizes asked for stands in the producto's name or brand."""
    if not asked:
        return 0.0
    named = terms(f"{producto.nombre} {producto.marca}")
    words = {t[:-1] if t[-1] in "ao" else t for t in named if isinstance(t, str)}
    sizes = [t for t in named if isinstance(t, Medida)]
    price = escribir(producto.precio)
    found = 0
    for term in asked:
        if isinstance(term, str):
            found += (term[:-1] if term[-1] in "ao" else term) in words
        else:
            same = any(_same_size(term, s) for s in sizes)
            found += same or term.numero == price
    return found / len(asked)


def _of_another_size(producto: ProductoVisto, asked: Sequence[str | Medida]) -> bool:
    has = [t for t in terms(producto.nombre) if isinstance(t, Medida) and t.familia]
    for term in asked:
        if isinstance(term, Medida) and term.familia:
            alike = [m for m in has if m.familia == term.familia]
            if alike and all(m.clave != term.clave for m in alike):
                return True
    return False


def _same_size(asked: Medida, has: Medida) -> bool:
    if asked.familia and has.familia:
        return asked.clave == has.clave
    return asked.numero == has.numero


def _search(catalogo: Catalogo, pedido: Pendiente) -> list[Hallazgo]:
    """With the unit among the words where it may be a producto's own: juego, caja de…"""
    hits = catalogo.buscar(pedido.texto, BUSCADOS) if pedido.texto else []
    if pedido.unidad and pedido.unidad != "unidad":
        head = stem(fold(pedido.unidad))
        named = catalogo.buscar(f"{pedido.unidad} {pedido.texto}".strip(), BUSCADOS)
        own = [h for h in named if _head(h.producto.nombre) == head]
        if own and (not hits or own[0].puntaje >= hits[0].puntaje - _MARGEN):
            return own
    return hits


def _most_literal(group: list[ProductoVisto], texto: str) -> list[ProductoVisto]:
    """Those whose own words are the customer's, before those that only mean the same."""
    asked = terms(texto)
    head = next((t for t in asked if isinstance(t, str)), None)
    shares = [coincide(p, asked) + (0.3 if _head(p.nombre) == head else 0) for p in group]
    best = max(shares)
    return [p for p, share in zip(group, shares, strict=True) if share > best - 0.05]


def _of_unit(group: list[ProductoVisto], pedido: Pendiente) -> list[ProductoVisto]:
    if pedido.unidad in (None, "unidad"):
        return group
    if pedido.cantidad and pedido.cantidad % 1:
        sized = [p for p in group if _has_size(p, pedido) and not allows_fraction(p.unidad)]
        if sized:
            return sized  # "1/4 de galón", where it is sold by the quarter
    same = [p for p in group if UNIDADES.get(fold(p.unidad)) == pedido.unidad]
    return same or [p for p in group if not otra_unidad(p, pedido)] or group


def _of_label(group: list[ProductoVisto], texto: str) -> list[ProductoVisto]:
    """ "talla M" is no talla L, though a single letter is too little for the search."""
    label = _ETIQUETA.search(fold(texto))
    if label is None:
        return group
    says = re.compile(rf"\b{re.escape(label.group())}\b")
    return [p for p in group if says.search(fold(p.nombre))]


def _in_stock_first(group: list[ProductoVisto]) -> tuple[ProductoVisto, ...]:
    if len(group) == 1:
        return tuple(group)
    there = [p for p in group if p.stock > 0]
    return tuple(there or group)


def _has_size(producto: ProductoVisto, pedido: Pendiente) -> bool:
    asked = terms(f"{escribir(pedido.cantidad or Decimal(0))} {pedido.unidad or ''}")
    return bool(asked) and coincide(producto, asked) == 1


def _head(nombre: str) -> str:
    """The thing itself: the first word of its name."""
    return next((t for t in terms(nombre) if isinstance(t, str)), "")
