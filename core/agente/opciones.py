"""Answers to what we asked: which of the listed productos, how many, or of what at last."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.agente.comprension import Cambio, Item
from core.agente.elegir import Eleccion, coincide, elegir, entre, preferido, sustantivo
from core.agente.estado import Pendiente, Pregunta
from core.agente.hechos import Decision, Situacion
from core.agente.numeros import UNIDADES
from core.agente.pedir import Compra
from core.catalogo.texto import fold, terms
from core.ports import ProductoVisto

_ESO = re.compile(r"\b(?:l[oa]|es[ea]|est[ea]|uno|una)\b", re.I)
_PLURAL = re.compile(r"\b(?:los|las|esos|esas|estos|estas|unos|unas|algunos|algunas)\b", re.I)


def elegir_opcion(s: Situacion) -> Decision | None:
    """The customer picks from the list, or says how many; None when they speak of something
    else."""
    pregunta = s.memoria.pregunta
    assert pregunta is not None
    rows = s.catalogo.por_id(pregunta.opciones)
    opciones = [rows[i] for i in pregunta.opciones if i in rows]
    if not pregunta.opciones:
        return _product_at_last(s, pregunta)
    if any(i.producto for i in s.turno.items[1:]) and not s.turno.opciones:
        return _several(s, pregunta, opciones)
    item = s.turno.items[0] if s.turno.items else Item(None)
    chosen = _chosen(s, opciones, item)
    if chosen is None:
        return None
    compra = Compra(s)
    pedido = _wanted(s, pregunta, item)
    if len(opciones) == 1 and not pregunta.abierta and pedido.unidad in (None, "unidad"):
        # We asked how many, in its own unit: that is what they answer.
        sold = fold(opciones[0].unidad)
        pedido = replace(pedido, unidad=UNIDADES.get(sold, sold))
    if len(chosen) == 1 or len(s.turno.opciones) > 1 or s.turno.todas:
        for producto in chosen:
            compra.agregar(producto, pedido, sumar=item.cambio is Cambio.AGREGAR)
    else:
        compra.ask_which(pedido, Eleccion(tuple(chosen)))
    compra.resume(s.memoria.cola)
    return compra.decision("elegir_opcion")


def _several(
    s: Situacion, pregunta: Pregunta, opciones: Sequence[ProductoVisto]
) -> Decision | None:
    """ "2 amarillos y 2 blancos": each of them one of the list."""
    compra = Compra(s)
    for item in s.turno.items:
        chosen = entre(opciones, item.producto or "")
        if len(chosen) != 1:
            return None
        compra.agregar(chosen[0], _wanted(s, pregunta, item))
    compra.resume(s.memoria.cola)
    return compra.decision("elegir_opcion")


def _chosen(
    s: Situacion, opciones: Sequence[ProductoVisto], item: Item
) -> Sequence[ProductoVisto] | None:
    """By number, by price, by their words; all of them again when only a quantity came."""
    turno = s.turno
    if turno.todas:
        return opciones
    if turno.opciones:
        places = [p - 1 if p > 0 else len(opciones) - 1 for p in turno.opciones]
        return [opciones[p] for p in places if p < len(opciones)] or None
    if turno.preferencia is not None:
        liked = preferido(opciones, turno.preferencia)
        return [liked] if liked else opciones
    if item.producto:
        return _in_words(s, opciones, item.producto)
    same = [p for p in opciones if UNIDADES.get(fold(p.unidad)) == item.unidad]
    if len(same) == 1 and item.unidad != "unidad":
        return same  # "3 galones", where only one of them is sold so
    if item.cantidad is not None or turno.afirma or turno.senala:
        return opciones
    return None


def _in_words(
    s: Situacion, opciones: Sequence[ProductoVisto], texto: str
) -> Sequence[ProductoVisto] | None:
    """Those of the list that the words fit; one that was not listed, when they fit it better."""
    asked = terms(texto)
    listed = entre(opciones, texto)
    share = coincide(listed[0], asked) if listed else 0.0
    pregunta = s.memoria.pregunta
    if share == 1 or pregunta is None:
        return listed
    wider = f"{sustantivo(pregunta.por.texto)} {texto}"
    found = elegir(s.catalogo, Pendiente(wider, pregunta.por.cantidad, pregunta.por.unidad))
    same = {terms(p.nombre)[0] for p in opciones if terms(p.nombre)}
    better = [
        p
        for p in found.candidatos
        if found.exacta and coincide(p, asked) > share and terms(p.nombre)[0] in same
    ]
    return better or listed or None


def _wanted(s: Situacion, pregunta: Pregunta, item: Item) -> Pendiente:
    cantidad, unidad = item.cantidad, item.unidad
    if cantidad is None:
        cantidad, unidad = pregunta.por.cantidad, pregunta.por.unidad
    if cantidad is None and pregunta.abierta and not _PLURAL.search(s.turno.texto):
        vague = s.turno.afirma and not _ESO.search(s.turno.texto)
        cantidad = None if vague else Decimal(1)
    return Pendiente(pregunta.por.texto, cantidad, unidad)


def _product_at_last(s: Situacion, pregunta: Pregunta) -> Decision | None:
    """We had a quantity and asked of what."""
    item = s.turno.items[0] if s.turno.items else None
    if item is None or not item.producto:
        return None
    compra = Compra(s)
    cantidad, unidad = pregunta.por.cantidad, pregunta.por.unidad
    if item.cantidad is not None:
        cantidad, unidad = item.cantidad, item.unidad
    texto = f"{item.producto} de {pregunta.por.texto}" if pregunta.por.texto else item.producto
    compra.pedir(Pendiente(texto, cantidad, unidad))
    return compra.decision("pedir")
