"""What a shop may write in place of ours. It words; it never says a figure or a producto: those
come from rows, by the {campos} that each sentence has today."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from core.agente.cifras import Clase, Forma, Pieza, leer
from core.agente.plantillas import (
    RESPUESTAS,
    TRATOS,
    Arbol,
    campos_de,
    frases,
    leaves,
    original,
    pick,
    reservadas,
    stray_brackets,
)
from core.agente.verificar import claims
from core.catalogo.texto import fold

# Used as they stand, without any campo.
_SIN_CAMPOS = frozenset(
    "llano sin_stock campos plurales eso ilegible solo_texto audio_sin_oir audio_perdido "
    "foto_sin_ver foto_sin_producto foto_perdida foto_aparte".split()
)
# A pasaje stands alone, or the verifier refuses it.
_FIJAS = frozenset({"pasaje"})
_PARTES = ("inicio", "fila", "fin", "uno")
# What a sentence that carries an agreement must say; any other keeps what an answer refers to.
_DEL_TRATO = frozenset("nombre cantidad precio total antes".split())
_DE_TODAS = frozenset("n nombre cita".split())
# The file is about 12,000 characters; a sentence is read on a telephone, beside others.
CONTENIDO_MAX = 40_000
_TEXTO_MAX = 600
_CLAVE_MAX = 40
_ERRORES_MAX = 50
_CAMPO_DE_MODELO = re.compile(r"(?<!\{)\{([a-z_]+)\}(?!\})")

Errores = list[dict[str, str]]


def check(nombre: str, contenido: str) -> Errores:
    """What is wrong with a shop's own `nombre`; nothing when it may be used."""
    if len(contenido) > CONTENIDO_MAX:
        return [_wrong("contenido", f"tiene {CONTENIDO_MAX} caracteres como máximo")]
    if nombre == RESPUESTAS:
        return read_propio(contenido)[1]
    if not contenido.strip():
        return [_wrong("contenido", "no dice nada")]
    if any(_is_hidden(c) and c != "\t" for c in contenido):
        return [_wrong("contenido", "contiene caracteres que no son texto")]
    unknown = set(_CAMPO_DE_MODELO.findall(contenido))
    unknown -= set(_CAMPO_DE_MODELO.findall(original(nombre)))
    return [_wrong("contenido", f"no puede llevar {_list(unknown)}")] if unknown else []


def read_propio(contenido: str) -> tuple[dict[str, Any], Errores]:
    """(what of a shop's `respuestas` can be used, what is wrong with the rest)."""
    try:
        root = yaml.compose(contenido, yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as e:
        return {}, [_wrong("contenido", _where(e))]
    if root is None:
        return {}, [_wrong("contenido", "no dice nada")]
    errores: Errores = []
    tree = _tree(root, "", errores)
    if not isinstance(tree, dict):
        return {}, [*errores, _wrong("contenido", "es una lista de claves con su texto")]
    return _usable(tree, errores), errores[:_ERRORES_MAX]


def _wrong(campo: str, mensaje: str) -> dict[str, str]:
    return {"campo": campo, "mensaje": mensaje}


def _where(e: Exception) -> str:
    mark = getattr(e, "problem_mark", None)
    return f"no es YAML: línea {mark.line + 1}" if mark else "no es YAML"


def _tree(node: yaml.Node, path: str, errores: Errores, depth: int = 0) -> Any:
    """Texts as they are written ("sí" is no boolean), two levels deep; no key twice."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if not isinstance(node, yaml.MappingNode) or depth > 1:
        errores.append(_wrong(path or "contenido", "es un texto"))
        return None
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)[:_CLAVE_MAX]
        where = f"{path}.{key}" if path else key
        if key in out:
            errores.append(_wrong(where, "está dos veces"))
        out[key] = _tree(value_node, where, errores, depth + 1)
    return out


def _usable(tree: dict[str, Any], errores: Errores) -> dict[str, Any]:
    out: dict[str, Any] = {}
    whole = frases()
    for clave, value in tree.items():
        before = whole.get(clave)
        if clave in _FIJAS and value != before:
            errores.append(_wrong(clave, "no se cambia: se cita tal cual"))
        elif before is None:
            errores.append(_wrong(clave, "no se conoce"))
        elif isinstance(before, Mapping) != isinstance(value, dict):
            said = "tiene partes" if isinstance(before, Mapping) else "es un texto"
            errores.append(_wrong(clave, said))
        elif isinstance(value, dict):
            kept = {
                part: text
                for part, text in value.items()
                if _is_right(f"{clave}.{part}", text, _part(clave, before, part), errores)
            }
            if kept and _is_honest(clave, before, kept, errores):
                out[clave] = kept
        elif _is_right(clave, value, _single(clave, before), errores) and _is_honest(
            clave, before, value, errores
        ):
            out[clave] = value
    return out


_DICE_QUE_NO = re.compile(r"\b(?:no|ni|sin|nada|ningun[oa]?|cero|agotad[oa]s?)\b")


def _is_honest(clave: str, before: Any, value: Any, errores: Errores) -> bool:
    """Nothing is claimed that the sentence of that place does not claim: a refusal registers no
    sale, a cancellation leaves none. And what is sold out is not there, in whatever words."""
    claims_more = bool(_claimed(value) - _claimed(before))
    there = clave == "agotado" and not any(_DICE_QUE_NO.search(fold(t)) for t in leaves(value))
    if claims_more or there:
        errores.append(_wrong(clave, "no puede afirmar otra cosa que la frase que reemplaza"))
    return not (claims_more or there)


def _claimed(said: Any) -> set[tuple[str, bool]]:
    return {
        claim
        for text in leaves(said)
        for trato in TRATOS
        for claim in claims(fold(pick(text, trato)), reservadas())
    }


class _Regla:
    """What one text may and must carry. `conocida` False: there is no such place."""

    def __init__(self, puede: set[str], debe: set[str], antes: str, *, conocida: bool = True):
        self.puede, self.debe, self.antes, self.conocida = puede, debe, antes, conocida


def _single(clave: str, before: str) -> _Regla:
    here = campos_de(before)
    extra = set() if clave in _SIN_CAMPOS else {"tienda"}
    return _Regla(here | extra, here & _kept(here), before)


def _part(clave: str, before: Arbol, part: str) -> _Regla:
    """`uno` may say whatever the list says; the rest has what its own level has."""
    if clave in _SIN_CAMPOS:
        return _Regla(set(), set(), str(before.get(part, "")), conocida=_has(clave, before, part))
    if part not in _PARTES:
        return _Regla(set(), set(), "", conocida=False)
    every = {p: campos_de(str(before.get(p, ""))) for p in _PARTES}
    whole = every["inicio"] | every["fin"] | {"tienda"}
    rows, said = every["fila"], set().union(*every.values())
    puede = {"inicio": whole, "fin": whole, "fila": rows, "uno": said | whole}[part]
    own = every[part] if part in before else said - {"n"} if part == "uno" else set()
    return _Regla(puede, own & _kept(said), str(before.get(part, "")))


def _has(clave: str, before: Arbol, part: str) -> bool:
    return clave == "plurales" or part in before


def _kept(said: set[str]) -> frozenset[str]:
    return _DEL_TRATO | _DE_TODAS if "cantidad" in said or "antes" in said else _DE_TODAS


def _is_right(where: str, text: Any, rule: _Regla, errores: Errores) -> bool:
    said = _complaint(text, rule)
    if said:
        errores.append(_wrong(where, said))
    return not said


def _complaint(text: Any, rule: _Regla) -> str:
    if not rule.conocida:
        return "no se conoce"
    if not isinstance(text, str) or not text.strip():
        return "es un texto"
    if len(text) > _TEXTO_MAX:
        return f"tiene {_TEXTO_MAX} caracteres como máximo"
    try:
        here = campos_de(text)
    except ValueError as e:
        return f"tiene una llave suelta o un campo que no es: {e}"
    if here - rule.puede:
        return f"no puede llevar {_list(here - rule.puede)}"
    if rule.debe - here:
        return f"debe llevar {_list(rule.debe - here)}"
    return _bad_words(text, rule.antes)


def _list(campos: set[str]) -> str:
    return ", ".join(f"{{{c}}}" for c in sorted(campos))


def _bad_words(text: str, antes: str) -> str:
    """No figure, in digits or words, no money, nothing that is no text."""
    if stray_brackets(text):
        return "[tú|usted|vos] no está bien cerrado"
    if any(_is_hidden(c) for c in text):
        return "contiene caracteres que no son texto"
    known = {p.texto for p in _pieces(antes)}
    for piece in _pieces(text):
        figure = piece.es_cifra or any(c.isnumeric() for c in piece.texto)
        money = piece.clase is Clase.SIGNO and (piece.texto == "%" or _is_money(piece.texto))
        if (figure or money) and piece.texto not in known:
            return f"no puede llevar cifras: «{piece.texto}»"
    return ""


def _pieces(text: str) -> Iterator[Pieza]:
    for trato in TRATOS:
        bare = re.sub(r"\{\w*\}", " ; ", pick(text, trato))
        yield from leer(fold(bare), Forma(monedas=("$",)))


def _is_money(sign: str) -> bool:
    return unicodedata.category(sign[0]) == "Sc"


def _is_hidden(c: str) -> bool:
    """Emoji join with U+200D; everything else that cannot be seen could hide something."""
    hidden = unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
    return hidden and c not in "\n\u200d"
