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
# The codes of America and Europe: what else stands in a title is a word ("IVA", "und").
_MONEDAS = frozenset(
    "ars bob brl bsd bzd cad clp cop crc cup dop gtq gyd hnl htg jmd mxn nio pab pen pyg srd ttd "
    "usd uyu ves xcd bgn chf czk dkk eur gbp huf isk nok pln ron rsd sek try uah".split()
)
_EN = ("en", "in", "em")  # Precio en USD


def rank_titulos(titulos: list[str]) -> tuple[int, int]:
    """How well these could be the titles of productos: how many of the columns that must be there
    they name, and of all columns. (0, 0) is not at all."""
    known = locate(titulos)
    return len(known.keys() & set(OBLIGATORIAS)), len(known)


def locate(titulos: list[str]) -> dict[str, int]:
    """Canonical name → position, of what is there. Of several columns with the same meaning, the
    one called exactly so counts, else the first; one that is only understood without the moneda in
    its title, when there is no other. Where nothing is called nombre, the descripcion is it, as in
    the lists of many tills."""
    found: dict[str, tuple[int, int]] = {}
    for position, title in enumerate(titulos):
        plain = _plain(title)
        meant = _CANONICAS.get(plain)
        rank = 2 if plain == meant else 1
        if meant is None and _CANONICAS.get(_without_moneda(plain)) == "precio":
            meant, rank = "precio", 0
        if meant and (meant not in found or rank > found[meant][0]):
            found[meant] = rank, position
    if "nombre" not in found and "descripcion" in found:
        found["nombre"] = found.pop("descripcion")
    return {name: position for name, (_, position) in found.items()}


def name_moneda(title: str) -> str | None:
    """The one moneda that a title names by its code: "Precio (USD)", "Precio USD"."""
    named = _MONEDAS.intersection(_words(fold(title[:200])))
    return next(iter(named)).upper() if len(named) == 1 else None


def find_columnas(titulos: list[str], *, most: int) -> dict[str, int]:
    """As `locate`, with all that must be there. Raises ArchivoInvalido."""
    if len(titulos) > most:
        raise ArchivoInvalido("demasiadas_columnas", f"El archivo tiene más de {most} columnas.")
    exact = [_plain(title) for title in titulos]
    for name in _NOMBRES:
        if exact.count(name) > 1:
            raise ArchivoInvalido("columna_repetida", f"La columna {name} está repetida.")
    found = locate(titulos)
    missing = [name for name in OBLIGATORIAS if name not in found]
    if missing:
        raise ArchivoInvalido("faltan_columnas", f"Faltan columnas: {', '.join(missing)}.")
    return found


def _plain(title: str) -> str:
    """ "Precio (COP)" → precio, "Unidad-de Medida*" → unidad_de_medida."""
    folded = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", fold(title.removeprefix("\ufeff")[:200]))
    return "_".join(_words(folded))


def _without_moneda(plain: str) -> str:
    words = [word for word in plain.split("_") if word not in _MONEDAS]
    if words and words[-1] in _EN:
        words.pop()
    return "_".join(words)


def _words(folded: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", folded)
