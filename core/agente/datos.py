"""What customers tell about themselves. Whatever is taken here can no longer be a quantity."""

import re

from core.agente.compartido import CONTACTO, UBICACION
from core.agente.lexico import AGREGAR, HACER, QUITAR, RASGOS, VERBO, Rasgo
from core.agente.palabras import plegar

_DOCUMENTOS = (
    r"c\.?c\.?|c[eé]dula(?: de ciudadan[ií]a)?|ci|dni|d\.n\.i\.?|nif|nie|cif|ruc|rut|cuit|cuil|nit"
    r"|rfc|curp|documento|doc|identificaci[oó]n|pasaporte|ine"
)
_PATRONES = (
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    (
        "documento",
        re.compile(
            rf"\b(?:mi |su |el )?(?:{_DOCUMENTOS})\b\W{{0,3}}"
            r"(?:n[uú]mero|num|no|nro|es|#|:|\s)*\W?\s*"
            r"(?P<v>(?=[\w.-]*\d{3})[A-Za-zÑñ&]{0,4}\d[\w.-]*\w)",
            re.IGNORECASE,
        ),
    ),
    ("documento", re.compile(r"\b\d{1,2}\.\d{3}\.\d{3}-[\dkK]\b")),
    ("documento", re.compile(r"\b\d{2}-\d{8}-\d\b|\b\d{8}[A-HJ-NP-TV-Za-hj-np-tv-z]\b")),
    ("documento", re.compile(r"\b[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{3}\b")),
)
_TELEFONO = re.compile(r"(?<![\w$/.])\+?\(?\d(?:[ ().-]{0,2}\d){6,14}(?![\w/])")
_MILES = re.compile(r"\d{1,3}(?:\.\d{3})+$")
_MARCA_TELEFONO = re.compile(
    r"(?:tel[eé]?f?(?:ono)?|cel(?:ular)?|m[oó]vil|whats?app|wasap|n[uú]mero(?: es| de contacto)?)"
    r"[\s.:es]*$",
    re.IGNORECASE,
)
_DIRECCION = re.compile(
    r"(?:(?:mi|la) direcci[oó]n(?: de env[ií]o)?(?: es)?|direcci[oó]n\s*:|vivo en|estoy en la"
    r"|env[ií]\w+ a la|mand\w+ a la|entreg\w+ en la)\s*:?\s*(?P<v>[^\n]*\d[^\n]*)",
    re.IGNORECASE,
)
_CALLE = re.compile(
    r"\b(?:calle|cl\.?|carrera|cra\.?|kra\.?|kr|avenida|av\.?|avda\.?|jr\.?|jir[oó]n|pasaje|psje\.?"
    r"|psj\.?|diagonal|dg\.?|transversal|tv\.?|manzana|mz\.?|autopista|bulevar|blvd\.?|camino|paseo"
    r"|plaza|urb\.?|colonia|col\.?)\s+[\w#.ºª°-]+.*\d.*",
    re.IGNORECASE,
)
# An address whether or not we had asked for one.
_CALLE_CLARA = re.compile(
    r"\b(?:calle|carrera|cra\.?|kra\.?|avenida|av\.?|jr\.?|jir[oó]n|diagonal|transversal)"
    r" [\w ]{0,25}#? ?\d+[^\n]*",
    re.IGNORECASE,
)
_ALTURA = re.compile(r"^(?:[A-ZÁÉÍÓÚÑ][\wáéíóúñ.]*\s+){1,4}#?\d{1,5}\b.*$")
_NOMBRE = re.compile(
    r"(?:(?:^|[\s,.;:])(?:soy|me llamo|se llama|(?:mi|el) nombre(?: completo)? es|a nombre del?"
    r"|nombre\s*:|habla con|my name is|name'?s|i am|i'm|meu nome [eé])"
    r"\s+)(?P<v>[A-Za-zÁÉÍÓÚÑÜáéíóúñü][\w&.' ÁÉÍÓÚÑÜáéíóúñü-]*)",
    re.IGNORECASE,
)
_PALABRAS_NOMBRE = re.compile(r"[A-Za-zÁÉÍÓÚÑÜáéíóúñü.'-]+(?: [A-Za-zÁÉÍÓÚÑÜáéíóúñü.'-]+){0,5}")
# Words that no name has: what is left of a message full of data is a name only without them.
_NO_NOMBRE = re.compile(
    r"^(?:el|la|los|las|un|una|mi|de|con|en|que|a|al|y|me|es|te|le|ya|yo)\b"
    r"|\b(?:si|sí|no|ok|dale|listo|gracias|hola|buenas|quiero|favor|mis|datos|son|n[uú]mero"
    r"|tel[eé]fono|celular|correo|factura|boleta|transferencia|efectivo|pago|ustedes|pedido|espera"
    r"|efecto|mismo|conocen|despacho|emiten|uh|ll[aá]m\w+|cuando|buenos|d[ií]as|tardes|claro|vale|soy|paso|dejo"
    r"|aqu[ií]|est[aá]n?|ahora|compro|confirmo|env[ií]\w+|mand\w+|llev\w+|perfecto|puede\w*"
    r"|edificio|casa|piso|apto|apartamento|depto|torre|local|esquina|barrio|frente|obra|tienda)\b",
    re.IGNORECASE,
)
_CORTE_NOMBRE = re.compile(
    r"\s+(?:y|mi|pero|con|(?:el )?tel(?:[eé]f\w*|\.)?(?=\W)|(?:el )?cel(?:u\w*|\.)?(?=\W)"
    r"|el n[uú]m\w*|quiero|necesito|para|de parte"
    r"|vivo|le|les|me|por)\s.*$",
    re.IGNORECASE,
)
# What people say of themselves besides their name: "soy electricista", "soy nuevo".
_NO_ES_NOMBRE = re.compile(
    r"^(?:el|la|un|una|unos|tu|su|de|yo|(?:mi |la )?(?:empresa|negocio|compa[ñn][ií]a|tienda)"
    r"|muy|bien|cliente|nuev[oa]|mayorista|minorista|due[ñn]\w"
    r"|administra\w*|jef[ea]|del?|otr[oa]|quien|millonari\w+|pobre|alba[ñn]il|electricista"
    r"|plomer[oa]|gasfiter|fontaner[oa]|pintor\w?|carpinter[oa]|herrer[oa]|soldador\w?"
    r"|contratista|constructor\w?|arquitect[oa]|t[eé]cnic[oa]|mec[aá]nic[oa]|revendedor\w?"
    r"|comerciante|ferreter[oa]|estudiante|mujer|hombre|vecin[oa]|de[ls]?|colombian[oa]"
    r"|mexican[oa]|argentin[oa]|chilen[oa]|peruan[oa]|espa[ñn]ol\w?)\b",
    re.IGNORECASE,
)
_A_NOMBRE = re.compile(r"\bnombre\b(?! de (?:la |mi )?(?:empresa|persona))", re.IGNORECASE)
# Said before a name and no part of it.
_TRATAMIENTO = re.compile(
    r"^(?:(?:p[oó]ng\w+|anot\w+|apunt\w+|escrib\w+|va|es|el|la|se[ñn]or(?:a|ita)?|sra?\.?|don"
    r"|do[ñn]a|ing\w*\.?|arq\w*\.?|lic\w*\.?|dra?\.?|doctora?|mtr[oa]\.?|maestr[oa]|prof\w*\.?|inge"
    r"|(?:mi|su) (?:espos[oa]|marid[oa]|hij[oa]|pap[aá]|mam[aá]|herman[oa]|señor[a]?|viej[oa]"
    r"|novi[oa]|prim[oa]|t[ií][oa]|soci[oa]|jef[ea]|suegr[oa]|cu[ñn]ad[oa]|mujer))[ :,]+)+",
    re.IGNORECASE,
)
_FINAL_CORTES = re.compile(
    r"(?:[ ,.]+(?:porfa\w*|por favor|gracias|plis|please|xfa))+[ .!]*$", re.IGNORECASE
)
# "… 45 int 3, Puebla. soy Nancy": the address ends where the person begins.
_FIN_DIRECCION = re.compile(r"[.,;]?\s+(?:soy|me llamo|mi nombre|a nombre|mi tel\w*|mi cel\w*)\b.*")


def extraer(texto: str, *, esperados: bool) -> tuple[dict[str, str], str]:
    """(data found, the text without them). `esperados`: the bot had asked for the data, so that a
    bare name or address is one."""
    datos: dict[str, str] = {}
    texto = _take(datos, "direccion", UBICACION, CONTACTO.sub(" ", texto))
    for campo, patron in _PATRONES:
        texto = _take(datos, campo, patron, texto)
    texto = _take_telefono(datos, texto)
    texto = _take(datos, "direccion", _DIRECCION, texto)
    texto = _take(datos, "direccion", _CALLE_CLARA, texto)
    texto = _take_nombre(datos, texto)
    if esperados or ("telefono" in datos or "documento" in datos or "email" in datos):
        texto = _take_loose(datos, texto, direccion=esperados)
    return datos, texto


def _take(datos: dict[str, str], campo: str, patron: re.Pattern[str], texto: str) -> str:
    match = patron.search(texto)
    if match is None or campo in datos:
        return texto
    found = match.groupdict().get("v") or match.group()
    if campo == "documento" and _MILES.match(found):
        found = found.replace(".", "")
    end = match.end()
    if campo == "direccion":
        found = _until_order(found)
        end = match.start() + match.group().index(found) + len(found)
        if found.rstrip().endswith("?"):
            return texto  # "¿son los de la avenida Rivadavia al 8000?"
        kept = _FIN_DIRECCION.sub("", found)
        end -= len(found) - len(kept)
        found = _FINAL_CORTES.sub("", kept)
    datos[campo] = found.strip(" ,.;")
    return f"{texto[: match.start()]} , {texto[end:]}"


def _until_order(direccion: str) -> str:
    """ "vivo en Larco 1245. Necesito 3 válvulas": an address orders nothing."""
    for match in re.finditer(r"[.,;]\s+(\w+)", direccion):
        if VERBO.fullmatch(plegar(match[1])):
            return direccion[: match.start()]
    return direccion


def _take_telefono(datos: dict[str, str], texto: str) -> str:
    """Seven digits or more; thousands (1.250.000) only after a word for a phone."""
    for match in _TELEFONO.finditer(texto):
        found = match.group()
        marked = _MARCA_TELEFONO.search(texto[: match.start()])
        if not marked and (_MILES.match(found) or _ordered(texto, match)):
            continue
        kept = re.sub(r"[^\d+]", "", found)
        datos.setdefault("telefono", kept)
        before = _MARCA_TELEFONO.sub(" ", texto[: match.start()])
        return f"{before} , {texto[match.end() :]}"
    return texto


def _ordered(texto: str, match: re.Match[str]) -> bool:
    """ "quiero 99999999 ladrillos" is an absurd order, and no phone."""
    before = plegar(texto[: match.start()]).split()
    counts = bool(re.match(r" [a-zA-ZñÑ]{3,}", texto[match.end() :]))
    return bool(before) and counts and VERBO.fullmatch(before[-1]) is not None


def _take_nombre(datos: dict[str, str], texto: str) -> str:
    match = _NOMBRE.search(texto)
    if match is None:
        return texto
    said = _TRATAMIENTO.sub("", match["v"].strip())
    titled = said != match["v"].strip()
    # "soy el inge Beto" is Beto; "soy el gerente" is nobody by name.
    role = not titled and not _A_NOMBRE.search(match.group()) and _NO_ES_NOMBRE.match(said)
    if not said or titled and not said[0].isupper() or role:
        return texto
    found = _FINAL_CORTES.sub("", _CORTE_NOMBRE.sub("", f"{said} ")).strip(" ,.;")
    if not 0 < len(found) <= 60 or len(found.split()) > 6:
        return texto
    datos["nombre"] = found
    end = match.start("v") + match["v"].index(found) + len(found)
    return f"{texto[: match.start()]} , {texto[end:]}"


def _take_loose(datos: dict[str, str], texto: str, *, direccion: bool) -> str:
    """What is left when the bot asked: an address, else a name, line by line."""
    if direccion and "direccion" not in datos:
        whole = texto.strip(" ,.;\n")
        for patron in (_CALLE, _ALTURA):
            match = patron.search(whole)
            if match:
                found = _FIN_DIRECCION.sub("", match.group())
                datos["direccion"] = _FINAL_CORTES.sub("", found).strip(" ,.;")
                texto = whole[: match.start()]
                break
    if "nombre" in datos:
        return texto
    for piece in re.split(r"[,;/\n]| - ", texto):
        name = _FINAL_CORTES.sub("", _TRATAMIENTO.sub("", piece.strip(" .:"))).strip(" .")
        if len(name) > 2 and _is_name(name):
            datos["nombre"] = name
            return texto.replace(piece, " ", 1)
    return texto


def _is_name(name: str) -> bool:
    """Words that could be somebody's: none of them says what to do."""
    if not _PALABRAS_NOMBRE.fullmatch(name) or _NO_NOMBRE.search(name):
        return False
    folded = plegar(name).split()
    if any(RASGOS[r].search(" ".join(folded)) for r in (Rasgo.CANCELA, Rasgo.PREGUNTA)):
        return False
    return not any(p.fullmatch(w) for w in folded for p in (VERBO, HACER, AGREGAR, QUITAR))
