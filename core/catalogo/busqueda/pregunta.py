"""A customer's words as a search understands them: what is asked, and what is only courtesy."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from core.catalogo.busqueda.sinonimos import Sinonimos
from core.catalogo.texto import Medida, Termino, stem, terms

# Words around an order or a question that name no producto. Folded; compared as stems.
_CORTESIA = frozenset(
    stem(w)
    for w in (
        "hola ola buenas buenos buen dia dias tarde tardes noche noches saludos gracias favor "
        "porfa porfavor quiero quisiera queria querria necesito necesitaba requiero busco buscaba "
        "buscando comprar compro llevar llevo vender venden vende tienen tiene tenes tienes "
        "tendra tendran hay habra manejan maneja consigo encuentro ofrecen precio precios cuanto "
        "cuanta cuantos cuantas cuesta cuestan vale valen sale salen cual cuales costo valor "
        "disponible disponibles disponibilidad stock existencia existencias queda quedan dame "
        "deme denme me das regalame regaleme vendeme vendame ponme pongame mandame mandeme "
        "enviame envieme cotizar cotizacion puede puedes podria podrias ayuda ayudar ayudame algo "
        "alguno alguna algun algunos algunas cosa tipo clase unidad unidades docena docenas par "
        "pares mas menos tambien solo ahora hoy ok listo si no bueno oye disculpe disculpa senor "
        "senora amigo amiga vecino veci usted ustedes gustaria interesa sirve ser es son estoy "
        "voy tengo hacer cada nada todo donde horario tienda local direccion telefono pago pagar "
        "efectivo tarjeta domicilio envio envios factura como cuando estas esta estan abierto "
        "abren cierran gente persona hablar asesor quien llama adios chao hasta luego pronto "
        "perfecto genial claro che wey guey parce parcero pana bro jefe jefa patron patrona "
        "maestro caserito caserita casero casera compa compadre chamo mijo mija reina don doña "
        "seño oiga oigan oye mira mire diga digame alo saber pregunto pregunta preguntar consulta "
        "consultar averiguar casualidad favorcito porfis please urgente pasame pasas pase mandas "
        "hazme haceme hagame ando andaba ocupo ocupaba preciso requerimos buscamos queremos "
        "tendrian tenian venderan manejaran pidio pidieron encargaron"
    ).split()
)


# "holaaa", "siii": what is drawn out is the same word. AAA and XXXL are sizes.
_ALARGADA = re.compile(r"(?<=[b-df-hj-np-tv-zñ])([aeiou])\1{2,}", re.IGNORECASE)


@dataclass(slots=True)
class Unidad:
    """One thing asked: a word or a size, and the index keys that would answer it, each with how
    good an answer it is (1 is the word itself)."""

    texto: str
    claves: dict[str, float]
    medida: Medida | None = None
    ambigua: bool = False


@dataclass(slots=True)
class Pregunta:
    palabras: list[Unidad] = field(default_factory=list)
    medidas: list[Unidad] = field(default_factory=list)


_CONCEPTO = 0.92  # by a synonym: as good as the word, after those that say the very word
_CONCEPTO_AMBIGUO = 0.97
_PALABRA_AMBIGUA = 0.5
_INTERNA = 0.6


def parse_pregunta(
    texto: str, sinonimos: Sinonimos, correct: Callable[[str], str] = str
) -> Pregunta:
    """Words with their synonyms, and sizes. A bare figure before any word is how many they want.

    `correct` gives the known spelling of a word; synonyms are those of what it gives.
    """
    found = terms(_ALARGADA.sub(r"\1", texto))
    stems = [t for t in found if isinstance(t, str)]
    asked = [s for s in stems if s not in _CORTESIA] or _unless_courtesy_only(stems, sinonimos)
    pregunta = Pregunta([Unidad(s, {s: 1.0}) for s in asked])
    for mention in sinonimos.find([correct(s) for s in asked], pregunta=True):
        for unit in pregunta.palabras[mention.inicio : mention.inicio + mention.largo]:
            if mention.ambigua:
                unit.ambigua = True
                unit.claves[unit.texto] = _PALABRA_AMBIGUA
            quality = _CONCEPTO_AMBIGUO if mention.ambigua else _CONCEPTO
            quality *= _INTERNA if mention.interna or mention.comienza else 1
            unit.claves[mention.concepto] = max(quality, unit.claves.get(mention.concepto, 0))
    pregunta.medidas = [_size_unit(m) for m in _sizes_asked(found, asked)]
    return pregunta


def _unless_courtesy_only(stems: list[str], sinonimos: Sinonimos) -> list[str]:
    """A producto may be called by such a word; then a synonym list knows it."""
    return stems if len(stems) == 1 and stems[0] in sinonimos.palabras else []


def _sizes_asked(found: list[Termino], asked: list[str]) -> list[Medida]:
    sizes: list[Medida] = []
    words_seen = not asked
    for term in found:
        if isinstance(term, str):
            words_seen = words_seen or term in asked
        elif words_seen or term.familia:
            sizes.append(term)
    return sizes


def _size_unit(medida: Medida) -> Unidad:
    """Who says the figure alone means any unit; who says the unit may meet a name without one."""
    claves = {medida.clave: 1.0}
    if medida.familia == "":
        claves[f"n:{medida.numero}"] = 0.95
    elif medida.clave != medida.numero:
        claves[medida.numero] = 0.8
    return Unidad(medida.clave, claves, medida)
