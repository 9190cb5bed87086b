"""Understand: a burst of messages and what the bot last said → one Turno. No catalogue here.

Which act it is follows from one table, first match wins. Whether it authorises the pending offer
is decided apart (afirmar), and comes before every softer reading.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from core.agente.afirmar import afirma, confirma
from core.agente.comprension import Acto, Contexto, Espera, Turno
from core.agente.esperado import leer_datos
from core.agente.lectura import Lectura, of_the_list, tidy
from core.agente.lexico import (
    CALIFICATIVOS,
    CONDICION_SI,
    RASGOS,
    RELLENO,
    SI_FUERTE,
    TEMAS,
    Rasgo,
)
from core.agente.numeros import numerar
from core.agente.palabras import fichas, frase, plegar
from core.agente.pedido import sin_ruido
from core.agente.referencias import ordinals, preference, read_items, without_option
from core.catalogo.busqueda.sinonimos import names_good
from core.catalogo.texto import terms

_REPUESTO = re.compile(
    r"(?:rompi|daño|quem|parti|fundi|tap[oó])\w*.*\b(?:necesito|busco|requiero|venden|tienen"
    r"|quiero (?:un|una|otr\w|compr\w+))\b"
)
_NOMBRA = re.compile(r"^(?:y )?(?:el|la|los|las|de|del|con|uno|una|un)\b|^y ")


def entender(textos: Sequence[str], contexto: Contexto) -> Turno:
    """One Turno for all the messages of a burst. Never raises; deterministic."""
    crudo = "\n".join(textos)
    datos, resto = leer_datos(crudo, contexto)
    plegado = _without_announcement(plegar(resto))
    limpio = sin_ruido(plegado, precios=bool(contexto.opciones))
    linea = frase(fichas(plegado)).strip()
    sobre_productos = without_option(frase(fichas(limpio)).strip(), contexto)
    items, factor, mas = read_items(sobre_productos)
    afirmado = confirma(linea, contexto)
    lectura = Lectura(
        contexto=contexto,
        linea=linea,
        rasgos=frozenset(r for r, patron in RASGOS.items() if patron.search(linea)),
        tema=next((t for t, patron in TEMAS.items() if patron.search(linea)), None),
        items=of_the_list(items, contexto) if afirmado is None else afirmado,
        datos=datos,
        confirma=afirmado is not None,
        afirma=not datos and afirma(linea),
        condicional=_is_conditional(crudo, linea),
        opciones=ordinals(frase(numerar(fichas(limpio))).strip(), contexto),
        preferencia=preference(linea),
        relativo=factor is not None or mas is not None,
    )
    acto = next(acto for acto, rule in _ACTOS if rule(lectura))
    return _turno(lectura, acto, factor, mas, crudo)


# "les envío la foto del que necesito": no question about deliveries, and what is needed follows.
_MANDA_FOTO = re.compile(
    r"\b(?:te|le|les|os|ahi|aqui|aca) (?:va|van|esta|estan|envi\w+|mand\w+|pas\w+|adjunt\w+|dej\w+)"
    r" (?:la |las |una |unas |mi )?(?:foto|imagen)\w*(?: (?:del?|de la|de los|de las))?"
)


def _without_announcement(plegado: str) -> str:
    rest = _MANDA_FOTO.sub(" ", plegado)
    return rest if re.search("[a-z]", rest) else plegado


def _turno(
    v: Lectura, acto: Acto, factor: Decimal | None, resto: Decimal | None, crudo: str
) -> Turno:
    return Turno(
        acto=acto,
        items=tidy(v.items, acto, v),
        datos_cliente=v.datos,
        confirma=acto is Acto.CONFIRMAR,
        opciones=v.opciones,
        todas=v.todas,
        preferencia=v.preferencia,
        factor=factor,
        resto=resto,
        tema=v.tema,
        solo=v.has(Rasgo.SOLO),
        cancela=v.has(Rasgo.CANCELA),
        condicional=v.condicional,
        aplaza=v.has(Rasgo.APLAZA, Rasgo.DUDA),
        descuento=v.has(Rasgo.DESCUENTO),
        ataque=v.ataca,
        saluda=v.has(Rasgo.SALUDO),
        ajeno=v.has(Rasgo.AJENO),
        afirma=v.afirma,
        insiste=_insists(v) and any(i.cantidad is not None for i in v.items),
        senala=v.senala,
        busca=v.has(Rasgo.PRODUCTO, Rasgo.PRECIO, Rasgo.PREGUNTA, Rasgo.DESCUENTO),
        retoma=v.has(Rasgo.RETOMA),
        reserva=v.has(Rasgo.RESERVA),
        foto=v.has(Rasgo.FOTO),
        seguimiento=v.has(Rasgo.SEGUIMIENTO),
        vacia=v.has(Rasgo.VACIA),
        baja=v.has(Rasgo.BAJA),
        alta=v.has(Rasgo.ALTA),
        texto=crudo,
    )


# --- the table of acts -------------------------------------------------------------------------


def _asks_product(v: Lectura) -> bool:
    if not re.search("[a-z]", v.linea):
        return False
    if v.has(Rasgo.FOTO) and not v.con_cantidad:
        return True
    if v.has(Rasgo.PRODUCTO):
        return not (v.con_cantidad and v.has(Rasgo.PEDIR)) or v.has(Rasgo.PREGUNTA)
    asks = v.has(Rasgo.PREGUNTA) and not (v.con_cantidad and v.has(Rasgo.PEDIR))
    return asks and (not v.elige or _DE_ESE.search(v.linea) is not None)


# "¿el último viene con freno?" chooses nothing yet.
_DE_ESE = re.compile(r"\b(?:vien|tra|sirv|tien|mid|pes)(?:e|en|ae|aen)\b.*\?|\b(?:es|son)\b.*\?")


def _asks_shop(v: Lectura) -> bool:
    if v.tema is None:
        return False
    return not (v.con_cantidad and v.has(Rasgo.PEDIR)) and not v.has(Rasgo.CANCELA)


def _changes(v: Lectura) -> bool:
    if not v.en_oferta:
        changes = _regrets(v) or v.has(Rasgo.QUITAR) and bool(v.items) or _of_an_order(v)
        return changes and not v.has(Rasgo.PREGUNTA)
    if v.relativo or v.has(Rasgo.QUITAR) or _counters(v):
        return True
    if not v.items and not v.elige:
        return False
    unsure = v.has(Rasgo.PREGUNTA, Rasgo.APLAZA, Rasgo.DUDA)
    if re.search(r"\bpero\b", v.linea) and v.items and not unsure:
        return True  # "ya, pero con mango de fibra"
    named = _names_another(v) and not v.has(Rasgo.PREGUNTA)
    return v.has(Rasgo.CAMBIAR, Rasgo.SOLO) or named and not v.has(Rasgo.PEDIR, Rasgo.AGREGAR)


_ENCARGO = re.compile(
    r"\b(?:que|como) (?:te |le |les |os )?(?:encargu|ped|dij|orden)(?:e|i|imos|amos)\b"
    r"|\b(?:el|mi|del) (?:pedido|encargo) de\b"
)


def _of_an_order(v: Lectura) -> bool:
    """ "de lo que te encargué cámbiame la pala", said though nothing is on offer."""
    changes = v.has(Rasgo.CAMBIAR, Rasgo.SOLO, Rasgo.QUITAR, Rasgo.AGREGAR)
    return bool(v.items) and changes and _ENCARGO.search(v.linea) is not None


def _counters(v: Lectura) -> bool:
    """ "dame 5" of what was offered, in another quantity."""
    if not v.con_cantidad or v.has(Rasgo.AGREGAR, Rasgo.PREGUNTA, Rasgo.PRODUCTO):
        return False
    if v.has(Rasgo.RECHAZA) and not v.has(Rasgo.PEDIR):
        return False  # "7 es muy poquito"
    offered = {t for nombre, _ in v.contexto.lineas for t in terms(nombre)}
    return all(i.producto is None or set(terms(i.producto)) <= offered for i in v.items)


def _regrets(v: Lectura) -> bool:
    """ "quiero cambiarla", "en realidad eran 5", said of what was just sold."""
    if v.contexto.espera is not Espera.VENDIDO:
        return False
    another = v.has(Rasgo.CAMBIAR) or re.search(r"\beran?\b|en realidad", v.linea) is not None
    of_that = bool(v.items) and all(i.producto is None for i in v.items)
    return "cambi" in v.linea or another and of_that


def _leaves(v: Lectura) -> bool:
    """Goodbye, unless an offer is open: then "ok gracias" is no answer yet."""
    if v.en_oferta or v.items or re.match(r"no\b", v.linea):
        return False
    return v.has(Rasgo.ADIOS)


def _orders(v: Lectura) -> bool:
    if v.elige or v.con_cantidad or v.senala:
        return True
    if v.has(Rasgo.AGREGAR) and v.items:
        return True
    if v.items and (v.has(Rasgo.PEDIR) or _wants_more(v)):
        return True
    return bool(v.items) and v.contexto.espera in (Espera.OPCIONES, Espera.CANTIDAD)


def _wants_more(v: Lectura) -> bool:
    """ "sí, el pasador"; beside an offer only what is not in it: "sí, lo gris y la brocha"."""
    if not SI_FUERTE.search(v.linea) or v.has(Rasgo.PREGUNTA, Rasgo.RECHAZA):
        return False
    offered = {t for nombre, _ in v.contexto.lineas for t in terms(nombre)}
    named = [
        i.producto
        for i in v.items
        if i.producto and names_good(i.producto) and i.producto.rstrip("s") not in CALIFICATIVOS
    ]
    return not v.en_oferta or any(not set(terms(n)) & offered for n in named)


def _greets(v: Lectura) -> bool:
    """A greeting with nothing beside it but courtesy ("¿qué tal, cómo está?")."""
    rest = RASGOS[Rasgo.SALUDO].sub(" ", v.linea)
    alone = all(w in RELLENO or not w.isalpha() for w in rest.split())
    return v.has(Rasgo.SALUDO) and alone and not v.items


def _tries(v: Lectura) -> bool:
    """ "¿y si llevo 5?" is a wish, though it has a condition."""
    tried = re.search(r"\bsi (?:me )?(?:llevo|compro|pido|son|fueran|serian)\b", v.linea)
    return v.con_cantidad and tried is not None


_SINO = re.compile(r"(?:ah|uy|ay|eh|mejor)? ?,? ?no\b ?,")
_CARO = re.compile(
    r"(?:\w+ ,? ?){0,2}no\b[ ,.!]*(?:es que )?(?:esta |estan |sale |son |es )?"
    r"(?:(?:muy|tan|re|demasiado|super|bien) )?(?:car[oa]s?|carisim[oa]s?)(?: \w+)?[ .!]*"
)


def _too_dear(v: Lectura) -> bool:
    """ "no, muy caro" is a no, and begs for nothing."""
    shown = bool(v.contexto.opciones)  # then it is a no to that, and the offer stands
    return v.en_oferta and not shown and _CARO.fullmatch(v.linea) is not None


def _refuses(v: Lectura) -> bool:
    if not v.has(Rasgo.RECHAZA, Rasgo.CANCELA) or v.encarga:
        return False  # "ya no las quiero, mejor dame 1 formón" orders
    if v.has(Rasgo.PREGUNTA) and v.has(Rasgo.CANCELA):
        return False  # "¿puedo cancelar?"
    nothing = re.search(r"\b(?:entonces (?:no|nada)|nada|ni modo|no ,? gracias)\b", v.linea)
    if v.has(Rasgo.PREGUNTA) and v.has(Rasgo.PRODUCTO) and not nothing:
        return False  # "¿no tendrás más?"
    if v.en_oferta and v.con_cantidad and v.has(Rasgo.PEDIR):
        return False  # "no, dame 5"
    if _SINO.match(v.linea) and any(i.cantidad and names_good(i.producto or "") for i in v.items):
        return False  # "ah no, 8 lijas"
    return v.contexto.espera is not Espera.NADA or not v.items or v.has(Rasgo.CANCELA)


def _insists(v: Lectura) -> bool:
    """ "no, necesito los 10" (there are 7): a no. "no, dame 5" and "no, el de fibra" are none."""
    if not v.en_oferta or not re.match(r"no\b", v.linea) or v.has(Rasgo.CAMBIAR, Rasgo.SOLO):
        return False
    if v.has(Rasgo.PREGUNTA) or _names_another(v):
        return False
    asked = [i.cantidad for i in v.items if i.cantidad is not None]
    return not asked or min(asked) >= max(q for _, q in v.contexto.lineas)


def _names_another(v: Lectura) -> bool:
    rest = re.sub(r"^(?:no|pero) ,? ?", "", v.linea)
    return bool(v.items) and bool(_NOMBRA.search(rest)) and not v.con_cantidad


_Regla = tuple[Acto, Callable[[Lectura], bool]]
_ACTOS: tuple[_Regla, ...] = (
    (Acto.CONFIRMAR, lambda v: v.confirma),
    (Acto.CONSULTA_PRECIO, lambda v: v.ataca and v.has(Rasgo.DESCUENTO)),
    (Acto.OTRO, lambda v: v.ataca),
    (Acto.HABLAR_HUMANO, lambda v: v.has(Rasgo.HUMANO)),
    (Acto.QUEJA, lambda v: v.has(Rasgo.QUEJA) and not v.datos and not _REPUESTO.search(v.linea)),
    (Acto.DAR_DATOS, lambda v: bool(v.datos) and not (v.con_cantidad and v.has(Rasgo.PEDIR))),
    (Acto.RECHAZAR, lambda v: v.has(Rasgo.CANCELA) and not v.has(Rasgo.PREGUNTA) and not v.encarga),
    (Acto.MODIFICAR, lambda v: v.en_oferta and v.reemplaza and not v.has(Rasgo.PREGUNTA)),
    (Acto.RECHAZAR, _too_dear),
    (Acto.CONSULTA_PRECIO, lambda v: v.has(Rasgo.DESCUENTO)),
    (Acto.RECHAZAR, _insists),
    (Acto.CONSULTA_EMPRESA, _asks_shop),
    (Acto.CONSULTA_PRECIO, lambda v: v.has(Rasgo.PRECIO)),
    (Acto.OTRO, lambda v: v.condicional and v.en_oferta and not _tries(v)),
    (Acto.MODIFICAR, _changes),
    (Acto.DESPEDIDA, _leaves),
    (Acto.RECHAZAR, _refuses),
    (Acto.OTRO, lambda v: v.has(Rasgo.DUDA, Rasgo.APLAZA) and not v.con_cantidad),
    (Acto.OTRO, lambda v: v.has(Rasgo.AJENO)),
    (Acto.SALUDO, _greets),
    (Acto.CONSULTA_PRODUCTO, _asks_product),
    (Acto.PEDIDO, _orders),
    (Acto.CONSULTA_PRODUCTO, lambda v: bool(v.items) and not v.en_oferta),
    (Acto.DESPEDIDA, lambda v: v.has(Rasgo.ADIOS)),
    (Acto.SALUDO, lambda v: v.has(Rasgo.SALUDO)),
    (Acto.OTRO, lambda v: True),
)


def _is_conditional(crudo: str, linea: str) -> bool:
    if RASGOS[Rasgo.CONDICION].search(linea):
        return True
    accented = re.search(r"\bsí\b", crudo.lower())
    return not accented and bool(CONDICION_SI.search(linea))
