"""The titles of a table's columns: what people call them, and which of ours each one means."""

import re

from core.catalogo.archivos.registro import ArchivoInvalido
from core.catalogo.texto import fold

OBLIGATORIAS = ("nombre", "precio", "stock")

_NOMBRES = {
    "sku": "sku codigo cod referencia ref code clave id_producto codigo_producto "
    "codigo_de_producto codigo_del_producto codigo_articulo codigo_interno product_code item_code",
    "nombre": "nombre producto articulo item name product product_name nombre_producto "
    "nombre_del_producto nombre_articulo title titulo nome produto nome_do_produto denominacion",
    "precio": "precio precio_venta precio_de_venta precio_unitario precio_publico "
    "precio_al_publico precio_final pvp valor valor_unitario valor_venta price unit_price "
    "sale_price preco preco_de_venda preco_unitario",
    "stock": "stock existencia existencias cantidad inventario disponible disponibles "
    "stock_actual cantidad_disponible qty quantity inventory on_hand available estoque "
    "quantidade saldo",
    "descripcion": "descripcion detalle detalles description descricao caracteristicas",
    "categoria": "categoria category linea familia grupo rubro departamento seccion tipo",
    "marca": "marca brand fabricante manufacturer",
    "unidad": "unidad unidad_de_medida unidad_medida um u_m und unit uom unidade",
    "moneda": "moneda currency divisa moeda",
    "activo": "activo active habilitado ativo enabled",
}
_CANONICAS = {alias: name for name, aliases in _NOMBRES.items() for alias in aliases.split()}


def rank_titulos(titulos: list[str]) -> tuple[int, int]:
    """How well these could be the titles of productos: how many of the columns that must be there
    they name, and of all columns. (0, 0) is not at all."""
    known = {_CANONICAS.get(_plain(title)) for title in titulos} - {None}
    return len(known.intersection(OBLIGATORIAS)), len(known)


def find_columnas(titulos: list[str], *, most: int) -> dict[str, int]:
    """Canonical name → position. Of two columns with the same meaning, the one called exactly so
    counts, else the first. Raises ArchivoInvalido."""
    if len(titulos) > most:
        raise ArchivoInvalido("demasiadas_columnas", f"El archivo tiene más de {most} columnas.")
    exact = [_plain(title) for title in titulos]
    for name in _NOMBRES:
        if exact.count(name) > 1:
            raise ArchivoInvalido("columna_repetida", f"La columna {name} está repetida.")
    found: dict[str, int] = {}
    for position, plain in enumerate(exact):
        meant = _CANONICAS.get(plain)
        if meant and (meant not in found or plain == meant):
            found[meant] = position
    missing = [name for name in OBLIGATORIAS if name not in found]
    if missing:
        raise ArchivoInvalido("faltan_columnas", f"Faltan columnas: {', '.join(missing)}.")
    return found


def _plain(title: str) -> str:
    """ "Precio (COP)" → precio, "Unidad-de Medida*" → unidad_de_medida."""
    folded = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", fold(title.removeprefix("\ufeff")[:200]))
    return "_".join(re.findall(r"[a-z0-9]+", folded))
