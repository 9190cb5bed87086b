"""Changes to the pending order: another quantity, fewer lines, this one instead of that."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.agente.comprension import Cambio, Item
from core.agente.elegir import coincide, elegir
from core.agente.estado import Linea, Pendiente
from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.ofertar import recordar
from core.agente.pedir import LINEAS_MAX, Compra, sin_pregunta
from core.catalogo.texto import terms
from core.ports import ProductoVisto


def modificar(s: Situacion) -> Decision:
    """Apply what the turn changes and offer the result; say so when it touches no line."""
    turno = s.turno
    s = replace(s, memoria=sin_pregunta(s.memoria))
    if turno.factor is not None or turno.resto is not None:
        return _relative(s)
    if any(i.cambio is Cambio.QUITAR for i in turno.items):
        return _remove(s)
    if turno.solo and turno.items:
        return _only(s)
    compra = Compra(s)
    for item in turno.items[:LINEAS_MAX]:
        if not _change(compra, item):
            return _unclear(s)
    return compra.decision("modificar")


def _change(compra: Compra, item: Item) -> bool:
    """Set a line's quantity, replace a line, or add one; False when it fits no line."""
    carrito = compra.carrito
    old = _line_of(compra.s, carrito, item.viejo) if item.viejo else None
    line = _same_line(compra.s, carrito, item)
    sumar = item.cambio is Cambio.AGREGAR
    if line is not None and old is None:
        row = compra.s.catalogo.por_id([line.producto_id]).get(line.producto_id)
        if row is None:
            return False
        cantidad = item.cantidad if item.cantidad is not None else line.cantidad
        compra.agregar(row, Pendiente(line.nombre, cantidad, item.unidad), sumar=sumar)
        return True
    if old is not None and item.producto is None and item.cantidad is not None:
        return _change(compra, replace(item, producto=old.nombre, viejo=None))
    if item.producto is None:
        return False
    if old is None and not sumar and len(carrito) == 1:
        old = carrito[0]
    if old is None:
        compra.pedir(Pendiente(item.producto, item.cantidad, item.unidad), sumar=sumar)
        return True
    _replace(compra, old, item)
    return True


def _replace(compra: Compra, old: Linea, item: Item) -> None:
    """ "mejor el de fibra" is another of the same kind: its noun is the old line's."""
    before = compra.carrito
    compra.carrito = tuple(line for line in before if line is not old)
    cantidad = item.cantidad if item.cantidad is not None else old.cantidad
    unidad = item.unidad if item.cantidad is not None else None
    assert item.producto is not None
    noun = next((t for t in old.nombre.split() if t[0].isalpha()), "")
    texto = item.producto
    own = compra.s.catalogo.buscar(texto, 1)
    kind = terms(noun)
    if not own or not set(kind) & set(terms(own[0].producto.nombre)[:1]) or own[0].puntaje < 0.8:
        texto = f"{noun} {texto}" if _same_kind(compra.s, noun, texto) else texto
    compra.pedir(Pendiente(texto, cantidad, unidad))
    if any(h.clave == "no_encontrado" for h in compra.hechos[-2:]):
        compra.carrito = before


def _same_kind(s: Situacion, noun: str, texto: str) -> bool:
    """Whether some producto of that noun answers the new words."""
    asked = terms(texto)
    hits = [h.producto for h in s.catalogo.buscar(f"{noun} {texto}", 5)]
    return any(coincide(p, asked) >= 0.5 and coincide(p, terms(noun)) == 1 for p in hits)


def _relative(s: Situacion) -> Decision:
    """ "el doble", "2 más": of the only line, or of the one that is named."""
    named = next((i.producto for i in s.turno.items if i.producto), None)
    line = _line_of(s, s.memoria.carrito, named)
    if line is None:
        return _unclear(s)
    cantidad = line.cantidad * (s.turno.factor or 1) + (s.turno.resto or 0)
    if cantidad <= 0:
        return _unclear(s)
    compra = Compra(s)
    row = s.catalogo.por_id([line.producto_id]).get(line.producto_id)
    if row is None:
        return _unclear(s)
    compra.agregar(row, Pendiente(line.nombre, cantidad))
    return compra.decision("modificar")


def _remove(s: Situacion) -> Decision:
    """Take the named lines out; fewer of one line when a quantity is said."""
    compra = Compra(s)
    touched = False
    for item in s.turno.items:
        if item.cambio is not Cambio.QUITAR:
            touched = _change(compra, item) or touched
            continue
        line = _line_of(s, compra.carrito, item.producto, item.unidad)
        if line is None:
            continue
        touched = True
        left = line.cantidad - item.cantidad if item.cantidad else Decimal(0)
        compra.carrito = tuple(
            replace(other, cantidad=left) if other is line else other
            for other in compra.carrito
            if other is not line or left > 0
        )
    if not touched:
        return _unclear(s)
    if not compra.carrito and not compra.pregunta:
        return Decision((Hecho("pedido_vacio"),), s.memoria.sin_pedido(), "modificar")
    return compra.decision("modificar")


def _only(s: Situacion) -> Decision:
    """ "solo las tees", "solo 3": nothing but what is named."""
    before = s.memoria.carrito
    kept = [_line_of(s, before, i.producto, i.unidad) for i in s.turno.items]
    if any(line is None for line in kept):
        if len(before) > 1 and any(i.producto is None for i in s.turno.items):
            return _unclear(s)
        compra = Compra(s, () if all(i.producto for i in s.turno.items) else before)
    else:
        compra = Compra(s, tuple(line for line in before if line in kept))
    for item in s.turno.items:
        if not _change(compra, item):
            return _unclear(s)
    return compra.decision("modificar")


def _same_line(s: Situacion, carrito: Sequence[Linea], item: Item) -> Linea | None:
    """The line that the item speaks of, and not of another producto that resembles it."""
    line = _line_of(s, carrito, item.producto, item.unidad)
    if line is None or item.producto is None:
        return line
    if coincide(named(line), terms(item.producto)) == 1:
        return line
    found = elegir(s.catalogo, Pendiente(item.producto, item.cantidad, item.unidad))
    return line if any(p.id == line.producto_id for p in found.candidatos) else None


def _line_of(
    s: Situacion, carrito: Sequence[Linea], texto: str | None, unidad: str | None = None
) -> Linea | None:
    """The line that is meant: by its words, its synonyms, its unit, or as the only one."""
    if texto is None:
        if len(carrito) == 1:
            return carrito[0]
        same = [
            line for line in carrito if unidad not in (None, "unidad") and line.unidad == unidad
        ]
        return same[0] if len(same) == 1 else None
    asked = terms(texto)
    shares = [(coincide(named(line), asked), line) for line in carrito]
    best = max((share for share, _ in shares), default=0.0)
    alike = [line for share, line in shares if share == best]
    if best >= 0.5 and len(alike) == 1:
        return alike[0]
    if best >= 0.5:
        return None
    found = [h.producto.id for h in s.catalogo.buscar(texto, 5) if h.puntaje > 0.6]
    return next((line for i in found for line in carrito if line.producto_id == i), None)


def named(line: Linea) -> ProductoVisto:
    """The line as a producto, for comparing words with its name."""
    return ProductoVisto(
        id=line.producto_id,
        sku=line.sku,
        nombre=line.nombre,
        precio=line.precio_unitario,
        stock=line.cantidad,
        moneda="",
    )


def _unclear(s: Situacion) -> Decision:
    return Decision((Hecho("cual_linea"), *recordar(s.memoria)), s.memoria, "cambio_no_claro")
