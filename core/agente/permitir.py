"""What may be said in a turn, built anew: from the rows as the catalogue gives them and from what
was agreed before, never from what the decision or the draft say."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from core.agente.cifras import CITA, Clase, Forma, forma_de, leer
from core.agente.estado import Linea, Memoria, Pendiente
from core.agente.hechos import Decision
from core.agente.horas import cuando_responden, horario_dicho
from core.agente.numeros import UNIDADES, numerar
from core.agente.palabras import fichas, plegar
from core.agente.plantillas import TRATOS, frases, leaves, pick, reservadas
from core.agente.redactar import DE_LA_VENTA, cita, descripcion_de, locale_de, plural
from core.agente.textos import Textos, textos_de
from core.agente.verificar import Permitido, Propio, claims, replace_whole, stands_in
from core.catalogo.texto import fold
from core.cuentas.ajustes import ajustes_de
from core.ports import ChatVisto, Pasaje, ProductoVisto, Tienda

_CENTAVO = Decimal("0.01")
_LETRA = re.compile(r"[^\W\d_]")


def permitir(
    decision: Decision,
    antes: Memoria,
    chat: ChatVisto,
    filas: Mapping[int, ProductoVisto],
    dicho: str,
    vistos: Iterable[ProductoVisto] = (),
    pasajes: Iterable[Pasaje] = (),
) -> Permitido:
    """Everything that may be said in this turn. `filas`: fresh rows of every producto that the
    decision speaks of; `dicho`: the customer's own words; `vistos`: all that the turn came across;
    `pasajes`: what the shop's documentos were found to say."""
    tienda = chat.tienda
    textos = textos_de(tienda)
    forma = forma_de(tienda.moneda, locale_de(tienda))
    lineas = [line for hecho in decision.hechos for line in hecho.lineas]
    propios, sumas = _facts(decision, antes, chat, filas)
    said = _said([dicho, *_open(antes)], forma)
    citas = tuple(c for c in _quotes(antes, chat, filas, tienda) if _LETRA.search(c))
    # The wording that comes with us, not the shop's: what a shop wrote may name a producto by now.
    wording = " ".join(
        fold(pick(t, trato))
        for h in decision.hechos
        for t in leaves(frases().get(h.clave, ""))
        for trato in TRATOS
    )
    return Permitido(
        propios=propios,
        acordados=frozenset(fold(line.nombre) for line in lineas),
        ajenos=_strangers(vistos, propios, f"{wording} {fold(dicho)}", citas),
        sumas=frozenset(sumas),
        opciones=_options(decision),
        numeros=frozenset(said.numeros),
        escritos=frozenset(said.escritos),
        citas=citas,
        pasajes=frozenset(_passages(decision, pasajes)),
        palabras=frozenset(said.palabras).union(*(o.unidades for o in propios.values())),
        vocabulario=textos.palabras,
        signos=textos.signos | (said.signos - {"%"}),
        reservadas=reservadas(),
        afirmado=_claimed(decision, textos),
        forma=forma,
    )


def ids_de(decision: Decision) -> list[int]:
    """The productos that the decision speaks of."""
    ids = [p.id for h in decision.hechos for p in h.productos]
    ids += [line.producto_id for h in decision.hechos for line in h.lineas]
    return list(dict.fromkeys(ids))


# --- figures -----------------------------------------------------------------------------------


@dataclass
class _Suyo:
    """A Propio while it is being put together."""

    precios: set[Decimal] = field(default_factory=set)
    montos: set[Decimal] = field(default_factory=set)
    cantidades: set[Decimal] = field(default_factory=set)
    existencias: set[Decimal] = field(default_factory=set)
    unidades: set[str] = field(default_factory=set)

    def done(self) -> Propio:
        return Propio(
            frozenset(self.precios),
            frozenset(self.montos),
            frozenset(self.cantidades),
            frozenset(self.existencias),
            frozenset(self.unidades),
        )


def _facts(
    decision: Decision, antes: Memoria, chat: ChatVisto, filas: Mapping[int, ProductoVisto]
) -> tuple[dict[str, Propio], set[Decimal]]:
    """(what each producto has of its own, totals)."""
    found: dict[str, _Suyo] = defaultdict(_Suyo)
    for row in filas.values():
        own = found[fold(row.nombre)]
        own.precios.add(row.precio)
        own.unidades |= _unit_words(row.unidad, chat.tienda)
    for p in {p.id for h in decision.hechos for p in h.productos} & set(filas):
        found[fold(filas[p].nombre)].existencias.add(max(Decimal(0), filas[p].stock))
    for line in (line for h in decision.hechos for line in h.lineas):
        if line.producto_id in filas:
            own = found[fold(filas[line.producto_id].nombre)]
            own.cantidades.add(line.cantidad)
            own.montos.add(_subtotal(line, filas))
    for line in antes.oferta.lineas if antes.oferta else ():
        if fold(line.nombre) in found:  # the price as it was offered may be named beside the new
            found[fold(line.nombre)].precios.add(line.precio_unitario)
    _give_back(found, decision, chat, filas)
    sumas = {
        sum((_subtotal(x, filas) for x in h.lineas if x.producto_id in filas), Decimal("0.00"))
        for h in decision.hechos
        if h.lineas
    }
    _sold(found, sumas, decision, chat)
    return {name: own.done() for name, own in found.items()}, sumas


def _subtotal(line: Linea, filas: Mapping[int, ProductoVisto]) -> Decimal:
    return (line.cantidad * filas[line.producto_id].precio).quantize(_CENTAVO)


def _give_back(
    found: dict[str, _Suyo],
    decision: Decision,
    chat: ChatVisto,
    filas: Mapping[int, ProductoVisto],
) -> None:
    """While a sale is being changed: the stock that there would be without it, and its prices."""
    venta = chat.ultima_venta
    if venta is None or venta.id != decision.devuelve:
        return
    for line in venta.lineas:
        row = filas.get(line["producto_id"])
        if row is not None:
            own = found[fold(row.nombre)]
            own.existencias.add(row.stock + Decimal(str(line["cantidad"])))
            own.precios.add(Decimal(str(line["precio_unitario"])))


def _sold(
    found: dict[str, _Suyo], sumas: set[Decimal], decision: Decision, chat: ChatVisto
) -> None:
    """The last sale, where it is spoken of, keeps its own figures, whatever the rows say now."""
    venta = chat.ultima_venta
    if venta is None or all(hecho.clave not in DE_LA_VENTA for hecho in decision.hechos):
        return
    sumas.add(Decimal(venta.total))
    for line in venta.lineas:
        own = found[fold(str(line["nombre"]))]
        own.montos.add(Decimal(str(line["subtotal"])))
        own.cantidades.add(Decimal(str(line["cantidad"])))


def _options(decision: Decision) -> tuple[frozenset[str], ...]:
    lists = [h.productos for h in decision.hechos if h.numerados]
    most = max((len(productos) for productos in lists), default=0)
    return tuple(
        frozenset(fold(productos[n].nombre) for productos in lists if n < len(productos))
        for n in range(most)
    )


# --- words -------------------------------------------------------------------------------------


@dataclass
class _Dicho:
    """The customer's own: figures as meant and as typed, words, signs."""

    numeros: set[Decimal] = field(default_factory=set)
    escritos: set[str] = field(default_factory=set)
    palabras: set[str] = field(default_factory=set)
    signos: set[str] = field(default_factory=set)


def _said(textos: Iterable[str], forma: Forma) -> _Dicho:
    out = _Dicho()
    for texto in textos:
        meant = numerar(fichas(plegar(texto)))
        out.numeros |= {f.valor for f in meant if f.valor is not None}
        for piece in leer(fold(texto), forma):
            if piece.es_cifra:
                out.escritos.add(piece.texto)
                if piece.valor is not None:
                    out.numeros.add(piece.valor)
            elif piece.clase is Clase.SIGNO and piece.texto < CITA:
                out.signos.add(piece.texto)
            else:
                out.palabras.add(piece.texto)
    # A unit is said again by its name: "kilos" as kg.
    out.palabras |= {w for u in out.palabras & UNIDADES.keys() for w in fold(UNIDADES[u]).split()}
    return out


def _open(antes: Memoria) -> Iterable[str]:
    """What they asked for before and was not settled yet is still theirs."""
    waiting: list[Pendiente] = list(antes.cola)
    if antes.pregunta is not None:
        waiting.append(antes.pregunta.por)
    for p in waiting:
        yield p.texto
        if p.cantidad is not None:
            yield f"{p.cantidad.normalize():f}"


def _unit_words(unidad: str, tienda: Tienda) -> set[str]:
    """In every way that a reply may count in it."""
    said = {fold(unidad), fold(plural(unidad, tienda))}
    known = UNIDADES.get(fold(unidad))
    if known:
        said |= {w for w, name in UNIDADES.items() if name == known and len(w) > 2}
    return {w for text in said for w in text.split()}


def _quotes(
    antes: Memoria, chat: ChatVisto, filas: Mapping[int, ProductoVisto], tienda: Tienda
) -> Iterable[str]:
    """Passages of the shop's own rows and settings, and what was on offer, as they stand."""
    ajustes = ajustes_de(tienda)
    texts = [tienda.nombre, cita(ajustes.politica_descuento), *ajustes.informacion.values()]
    for row in filas.values():
        texts += [row.marca, descripcion_de(row)]
        if re.search(r"\d", fold(row.unidad)):  # a figure that counts nothing: "caja de 12"
            texts += [row.unidad, plural(row.unidad, tienda)]
    texts += [line.nombre for line in antes.carrito]
    texts += [cuando_responden(chat), horario_dicho(tienda)]
    for text in texts:
        yield from (fold(line) for line in text.split("\n"))


def _passages(decision: Decision, pasajes: Iterable[Pasaje]) -> Iterable[str]:
    """The lines of what is quoted of a pasaje, so far as it says so."""
    whole = [fold(p.texto) for p in pasajes]
    for hecho in decision.hechos:
        if hecho.clave == "pasaje" and any(fold(hecho.cita) in text for text in whole):
            yield from (fold(line) for line in hecho.cita.split("\n") if line.strip())


def _strangers(
    vistos: Iterable[ProductoVisto],
    propios: Mapping[str, Propio],
    said: str,
    citas: tuple[str, ...],
) -> frozenset[str]:
    """Names of productos that nobody may mention now. What the customer or the wording itself says
    is no mention of them."""
    names = {fold(p.nombre) for p in vistos} - propios.keys()
    for own in sorted((*propios, *citas), key=len, reverse=True):
        said = replace_whole(said, own, ";")  # a part of another's name is no mention either
    return frozenset(n for n in names if n and not stands_in(said, n))


def _claimed(decision: Decision, textos: Textos) -> frozenset[tuple[str, bool]]:
    """What the wording of the turn's own facts claims."""
    said: set[tuple[str, bool]] = set()
    for hecho in decision.hechos:
        lines = textos.lines(hecho.clave)
        if any(p.stock <= 0 for p in hecho.productos):
            lines += textos.lines("sin_stock")
        for line in lines:
            said |= claims(fold(line), reservadas())
    return frozenset(said)
