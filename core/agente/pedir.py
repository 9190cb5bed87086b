"""Orders: what is asked for becomes lines of the carrito, a question, or an alternative."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.agente.comprension import Cambio, Item
from core.agente.documentar import del_documento
from core.agente.elegir import (
    OPCIONES_MAX,
    Eleccion,
    alternativas,
    cantidad_de,
    elegir,
    otra_unidad,
    por_sentido,
    preferido,
    sustantivo,
)
from core.agente.estado import Linea, Memoria, Pendiente, Pregunta
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.numeros import UNIDADES
from core.agente.ofertar import al_dia, linea_de, ofertar, poner, recordar
from core.catalogo.texto import fold, terms
from core.ports import ProductoVisto
from core.unidades import MILESIMA, allows_fraction

LINEAS_MAX = 20  # searches that one message may ask for
_SINGULAR = re.compile(r"\b(?:el|la|uno|una) (?:m[aá]s|menos)\b", re.I)
_OLVIDA = re.compile(r"\b(?:mejor|olvid\w+|no|deja)\b", re.I)
_AL_FINAL = re.compile(r"(.+?) (\d+(?:\.\d+)?) ([a-zñ]+)")


class Compra:
    """One turn's order while it is being put together."""

    def __init__(self, s: Situacion, carrito: Sequence[Linea] | None = None) -> None:
        self.s = s
        self.carrito = tuple(s.memoria.carrito if carrito is None else carrito)
        self.agregados: set[int] = set()  # in this turn: the same thing twice is more of it
        self.hechos: list[Hecho] = []
        self.cola: list[Pendiente] = []
        self.pregunta: Pregunta | None = None
        self.pregunta_hechos: tuple[Hecho, ...] = ()

    def pedir(self, pedido: Pendiente, *, sumar: bool = False, dicha: bool = True) -> None:
        """Add what `pedido` clearly means; ask where it is not clear. Not `dicha`: its quantity is
        a guess, and gives way to the one that stands in the carrito."""
        found = elegir(self.s.catalogo, pedido)
        if not found.exacta and pedido.cantidad is None:
            pedido, found = self._counted(pedido, found)
        found = self._spoken_of(self._liked(found))
        if not found.candidatos:
            self._no_encontrado(pedido)
        elif found.unico is None or not found.exacta:
            self.ask_which(pedido, found)
        else:
            if not dicha and any(x.producto_id == found.unico.id for x in self.carrito):
                self.agregados.add(found.unico.id)
                return
            self.agregar(found.unico, pedido, sumar=sumar)

    def resume(self, waiting: Sequence[Pendiente]) -> None:
        """Go on with what was asked for before, but for what this turn has settled already in
        other words: "una wincha… la de 8 metros"."""
        for pedido in waiting:
            if not self._settled(pedido):
                self.pedir(pedido)

    def _settled(self, pedido: Pendiente) -> bool:
        fresh = {x.producto_id: x for x in self.carrito if x.producto_id in self.agregados}
        if not fresh or not pedido.texto:
            return False
        meant = [p.id for p in elegir(self.s.catalogo, pedido).candidatos]
        return any(
            pedido.cantidad in (None, fresh[i].cantidad, Decimal(1)) for i in meant if i in fresh
        )

    def _no_encontrado(self, pedido: Pendiente) -> None:
        """With what may serve instead, where they named a need and no number of anything."""
        self.hechos.append(Hecho("no_encontrado", cita=pedido.texto))
        if pedido.cantidad is not None or self.pregunta or self.s.memoria.pregunta:
            return
        near = por_sentido(self.s.catalogo, pedido, self.s.turno.texto)
        if near:
            self.pregunta = Pregunta(
                tuple(p.id for p in near), tuple(p.nombre for p in near), pedido, abierta=True
            )
            self.hechos.append(Hecho("por_sentido", productos=near, numerados=True))

    def _liked(self, found: Eleccion) -> Eleccion:
        """ "el más barato de los martillos": they said how to choose."""
        wish = self.s.turno.preferencia
        liked = preferido(found.candidatos, wish) if wish and found.exacta else None
        return Eleccion((liked,)) if liked else found

    def _spoken_of(self, found: Eleccion) -> Eleccion:
        """Of several the one whose price they asked before, if it is only one."""
        seen = [p for p in found.candidatos if p.id in self.s.memoria.vistos]
        several = len(found.candidatos) > 1 and found.exacta
        return Eleccion((seen[0],)) if several and len(seen) == 1 else found

    def _counted(self, pedido: Pendiente, found: Eleccion) -> tuple[Pendiente, Eleccion]:
        """ "pintura blanca 3 galones": no size of what we have, but the unit it is sold by."""
        match = _AL_FINAL.fullmatch(pedido.texto)
        unidad = UNIDADES.get(match[3]) if match else None
        if match is None or unidad is None:
            return pedido, found
        again = Pendiente(match[1], Decimal(match[2]), unidad)
        other = elegir(self.s.catalogo, again)
        sold_so = all(UNIDADES.get(fold(p.unidad)) == unidad for p in other.candidatos)
        return (again, other) if other.candidatos and sold_so else (pedido, found)

    def agregar(self, producto: ProductoVisto, pedido: Pendiente, *, sumar: bool = False) -> None:
        """Put `producto` in the carrito, if there is any, in a quantity that it is sold in."""
        if producto.stock <= 0:
            self._agotado(producto, pedido)
            return
        cantidad = cantidad_de(producto, pedido)
        if cantidad is None or otra_unidad(producto, pedido):
            self._ask_how_many(producto, pedido, "cuantas")
        elif cantidad % 1 and not allows_fraction(producto.unidad):
            self._ask_how_many(producto, pedido, "sin_fracciones")
        elif cantidad.quantize(MILESIMA) <= 0:
            self._ask_how_many(producto, pedido, "cuantas")  # 0.0004 m is nothing
        else:
            line = linea_de(producto, cantidad.quantize(MILESIMA).normalize() + 0)
            again = producto.id in self.agregados
            self.carrito = poner(self.carrito, line, sumar=sumar or again)
            self.agregados.add(producto.id)

    def ask_which(self, pedido: Pendiente, found: Eleccion) -> None:
        if self.pregunta is not None:
            self.cola.append(pedido)
            return
        shown = found.candidatos[:OPCIONES_MAX]
        more = len(found.candidatos) > len(shown)
        clave = "parecidos" if not found.exacta else "cual_varios" if more else "cual"
        self._ask(
            Pregunta(tuple(p.id for p in shown), tuple(p.nombre for p in shown), pedido),
            Hecho(clave, productos=shown, numerados=True, cita=pedido.texto),
        )

    def _ask_how_many(self, producto: ProductoVisto, pedido: Pendiente, clave: str) -> None:
        wanted = replace(pedido, cantidad=None, unidad=None)
        if self.pregunta is not None:
            self.cola.append(replace(wanted, texto=producto.nombre))
            return
        self._ask(
            Pregunta((producto.id,), (producto.nombre,), wanted),
            Hecho(clave, productos=(producto,)),
        )

    def _agotado(self, producto: ProductoVisto, pedido: Pendiente) -> None:
        others = alternativas(self.s.catalogo, producto)
        self.hechos.append(Hecho("agotado", productos=(producto,)))
        if not others:
            return
        if self.pregunta is None:
            self.pregunta = Pregunta(
                tuple(p.id for p in others), tuple(p.nombre for p in others), pedido, abierta=True
            )
            self.hechos.append(Hecho("alternativas", productos=others, numerados=True))
        else:
            self.hechos.append(Hecho("otras", productos=others))

    def _ask(self, pregunta: Pregunta, hecho: Hecho) -> None:
        self.pregunta = pregunta
        self.pregunta_hechos = (hecho,)

    @property
    def nothing_but_lost(self) -> bool:
        """Everything that was said is unknown, and the carrito is as it was."""
        found = self.pregunta is not None or self.carrito != self.s.memoria.carrito
        lost = bool(self.hechos) and all(h.clave == "no_encontrado" for h in self.hechos)
        return lost and not found

    def decision(self, regla: str) -> Decision:
        """Ask what must be asked; else offer what is in the carrito."""
        if self.pregunta_hechos:
            self.carrito = al_dia(self.s.catalogo, self.carrito)
        memoria = replace(
            self.s.memoria,
            carrito=self.carrito,
            pregunta=self.pregunta,
            cola=tuple(self.cola),
            no_entendidos=0,
        )
        if self.pregunta_hechos:
            noted = (Hecho("anotado", lineas=self.carrito),) if self.carrito else ()
            memoria = replace(memoria, oferta=None)
            return Decision((*self.hechos, *noted, *self.pregunta_hechos), memoria, regla)
        if self.carrito:
            return ofertar(self.s, self.carrito, antes=self.hechos, regla=regla, memoria=memoria)
        return Decision(tuple(self.hechos), replace(memoria, oferta=None), regla)


def pedir(s: Situacion) -> Decision:
    """An order: new lines, or a quantity for the one that was spoken of."""
    compra = Compra(s, () if s.turno.cancela else None)
    if len(s.turno.items) > LINEAS_MAX:
        compra.hechos.append(Hecho("muchas_lineas"))
    unclear = _take(compra, s.turno.items[:LINEAS_MAX])
    if unclear is not None:
        return _of_what(s, unclear)
    asked, lost = s.memoria.pregunta, compra.nothing_but_lost
    if asked and not asked.abierta and not _OLVIDA.search(s.turno.texto):
        compra.resume((asked.por, *s.memoria.cola))  # it was asked for, too
    told = del_documento(s) if compra.nothing_but_lost and s.turno.busca else None
    if told is not None:
        return told  # "¿me lo pueden apartar?" orders nothing
    if asked and asked.opciones and compra.nothing_but_lost:
        return otra_vez(s, "no_entendi_opcion", "no_entendi_opcion")
    return compra.decision("no_entendi_opcion" if asked and lost else "pedir")


def _take(compra: Compra, items: Sequence[Item]) -> Pendiente | None:
    """Order the items one by one; the first that says a quantity and not of what."""
    for item in items:
        if item.cambio is Cambio.QUITAR:
            continue
        sumar = item.cambio is Cambio.AGREGAR
        cantidad = item.cantidad or _asked_before(compra.s.memoria.pregunta, item)
        dicha = cantidad is not None
        cantidad = cantidad or _one(item, compra.s.turno.texto)
        pedido = Pendiente(item.producto or "", cantidad, item.unidad)
        if item.producto and not sustantivo(item.producto) and len(items) == 1:
            return pedido  # "2 de 50"
        if item.producto:
            compra.pedir(pedido, sumar=sumar, dicha=dicha)
        elif not _of_the_spoken(compra, pedido, sumar=sumar):
            return pedido
    return None


def _asked_before(asked: Pregunta | None, item: Item) -> Decimal | None:
    """ "interruptor sencillo", after "2 interruptores" and our question which: still two."""
    if asked is None or asked.abierta or asked.por.cantidad is None or not item.producto:
        return None
    kind = set(terms(sustantivo(asked.por.texto)))
    return asked.por.cantidad if kind & set(terms(item.producto)) else None


def _one(item: Item, texto: str) -> Decimal | None:
    """ "quiero el candado de 50" is one; "quiero candados" is a question."""
    noun = (item.producto or "").split(" ")[0]
    if _SINGULAR.search(texto):
        return Decimal(1)
    return None if noun.endswith("s") or not noun else Decimal(1)


def _of_the_spoken(compra: Compra, pedido: Pendiente, *, sumar: bool) -> bool:
    """A bare quantity belongs to the only line, or the only producto that was shown."""
    s = compra.s
    if len(compra.carrito) == 1:
        ids = [compra.carrito[0].producto_id]
    else:
        ids = list(s.memoria.tema) if not compra.carrito else []
    rows = s.catalogo.por_id(ids)
    if len(ids) != 1 or ids[0] not in rows:
        return False
    compra.agregados.discard(ids[0])  # "la 2, las 3 de esa": the last figure is the one
    compra.agregar(rows[ids[0]], pedido, sumar=sumar)
    return True


def _of_what(s: Situacion, pedido: Pendiente) -> Decision:
    memoria = replace(s.memoria, pregunta=Pregunta((), (), pedido))
    hechos = (Hecho("de_que", cantidad=pedido.cantidad), *recordar(s.memoria))
    return Decision(hechos, memoria, "de_que")


def otra_vez(s: Situacion, clave: str, regla: str) -> Decision:
    """Ask the pending question again, with its options."""
    pregunta = s.memoria.pregunta
    assert pregunta is not None
    rows = s.catalogo.por_id(pregunta.opciones)
    shown = tuple(rows[i] for i in pregunta.opciones if i in rows)
    one = len(shown) == 1 and not pregunta.abierta
    hecho = Hecho("cuantas" if one else clave, productos=shown, numerados=not one)
    return Decision((hecho, *recordar(s.memoria)), s.memoria, regla)


def sin_pregunta(memoria: Memoria) -> Memoria:
    return replace(memoria, pregunta=None, cola=())
