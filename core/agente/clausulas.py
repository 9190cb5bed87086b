"""The clauses of an order, and which of them continue, complete or correct the one before."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile

from core.agente.comprension import Cambio
from core.agente.lexico import CALIFICATIVOS
from core.agente.numeros import CONTABLES, MEDIDAS, UNIDADES
from core.catalogo.busqueda.sinonimos import names_good

ENLACES = frozenset("de del con para en sin x por tipo color marca al a sobre".split())


@dataclass
class Clausula:
    cantidad: Decimal | None = None
    rango: bool = False
    articulo: bool = False
    docena: bool = False
    unidad: str | None = None
    palabras: list[str] = field(default_factory=list)
    continua: bool = False
    cambio: Cambio = Cambio.FIJAR
    corrige: bool = False
    prestada: bool = False
    alternativa: bool = False
    determinada: bool = False

    @property
    def sin_contar(self) -> bool:
        return self.cantidad is None and not self.rango

    @property
    def vacia(self) -> bool:
        return not (self.palabras or self.unidad or self.cantidad is not None or self.rango)


def merge(clausulas: list[Clausula]) -> list[Clausula]:
    """Clauses that continue, complete or correct the one before become part of it."""
    out: list[Clausula] = []
    for c in clausulas:
        last = out[-1] if out else None
        if last is None or not _joined(last, c):
            out.append(c)
    return [c for n, c in enumerate(out) if not _sums_up(c, out[n + 1 :])]


def _describes(word: str) -> bool:
    """An adjective, which names nothing by itself."""
    return word in CALIFICATIVOS or word.rstrip("s") in CALIFICATIVOS


def _sums_up(c: Clausula, rest: list[Clausula]) -> bool:
    """The 6 of "6 lijas, 2 de 80 y 4 de 120" is told again, piece by piece."""
    parts = list(takewhile(lambda other: other.prestada, rest))
    header = len(c.palabras) == 1 and not c.prestada and len(parts) > 1
    return header and sum(p.cantidad or 0 for p in parts) == c.cantidad


def _joined(last: Clausula, c: Clausula) -> bool:
    """Fold c into `last` where it belongs to it; an ellipsis only borrows the noun."""
    if c.corrige:
        return _correct(last, c)
    if c.sin_contar and last.palabras and c.palabras and all(_describes(w) for w in c.palabras):
        last.palabras += c.palabras  # "cemento de 25 kilos, el gris"
        return True
    if c.sin_contar and (c.continua or _only_sizes(c)):
        last.palabras += (["de"] if c.continua and last.palabras else []) + c.palabras
        return True
    if c.continua and c.cantidad is not None and last.palabras and last.sin_contar:
        last.cantidad, last.unidad = c.cantidad, c.unidad or last.unidad
        last.palabras += c.palabras  # "se rompió un tubo, necesito uno de 3/4"
        return True
    if c.unidad and not c.palabras and c.sin_contar and not last.palabras and not last.unidad:
        last.unidad = c.unidad  # "quiero 3", "bultos"
        return True
    if not c.palabras and c.cantidad is not None:
        return _count(last, c)
    if c.continua and last.palabras:
        _borrow(last, c)
    return False


def _count(last: Clausula, c: Clausula) -> bool:
    """ "martillos, 3" is a quantity; "3 martillos o 4" is none any more."""
    if last.sin_contar:
        last.cantidad, last.unidad, last.docena = c.cantidad, c.unidad or last.unidad, c.docena
        return True
    if c.alternativa:
        last.cantidad, last.rango = None, True
    return c.alternativa


def _correct(last: Clausula, c: Clausula) -> bool:
    """ "3 metros, no perdón, flexómetros": what is said anew replaces what was said. After a
    removal "que sean 5 tubos" is another line, and "los codos que sean 6" takes nothing out."""
    if last.cambio is Cambio.QUITAR and last.sin_contar and c.cantidad is not None:
        if c.palabras:
            return False
        last.cambio = Cambio.FIJAR
    if c.cantidad is not None:
        last.cantidad, last.docena = c.cantidad, c.docena
    if c.palabras and (c.continua or _only_sizes(c)):
        last.palabras = [*_noun(last.palabras), "de", *c.palabras]
    elif c.palabras:
        last.palabras, last.unidad = c.palabras, c.unidad
    elif c.unidad:
        last.unidad = c.unidad
    return True


def _noun(words: list[str]) -> list[str]:
    """What comes before the sizes: the extensiones of "extensiones de 10 metros"."""
    end = next((n for n, w in enumerate(words) if w[0].isdigit() or w == "de"), len(words))
    return words[:end]


def _borrow(last: Clausula, c: Clausula) -> None:
    """ "dos docenas de lija 220 y una de la 400": lija, and a dozen too; "10 bolsas de cemento y
    5 de yeso": bolsas."""
    if last.unidad in CONTABLES and c.unidad is None and c.palabras[0].isalpha():
        c.unidad = last.unidad
        return
    if names_good(" ".join(c.palabras)):
        return  # "2 del cemento y 4 del pegante"
    c.palabras, c.prestada = [last.palabras[0], *c.palabras], True
    if c.articulo and last.docena and c.cantidad == 1 and c.unidad is None:
        c.cantidad, c.docena = Decimal(12), True


def _only_sizes(c: Clausula) -> bool:
    return (
        bool(c.palabras)
        and not c.determinada
        and all(p[0].isdigit() or p in MEDIDAS or p in UNIDADES or p in ENLACES for p in c.palabras)
    )
