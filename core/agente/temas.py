"""What a text is about, for finding the shop's own words on it."""

from core.agente.lexico import CORTESIA, RELLENO, TEMAS
from core.agente.palabras import fichas, frase, plegar
from core.documentos.indice import Habla

# "servicios" is everything else that shops do: two of them need have nothing in common.
_SIN_TEMA = frozenset({"servicios"})
# Said of anything that a shop has or does, and so of nothing.
_PREGUNTAN = frozenset(
    "quiero quisiera necesito dan aceptan acepta reciben recibe sirve puede puedo hay tengo tiene "
    "tienes hacen hace cuanto".split()
)


def temas_de(texto: str) -> frozenset[str]:
    linea = frase(fichas(plegar(texto)))
    return frozenset(
        t for t, patron in TEMAS.items() if t not in _SIN_TEMA and patron.search(linea)
    )


def temas_de_titulo(titulo: str) -> frozenset[str]:
    """The patterns are of questions: "Cambios y devoluciones" is about what they ask who ask
    whether there are any."""
    return temas_de(titulo) | temas_de(f"¿tienen {titulo}?")


HABLA = Habla(
    temas=temas_de, temas_de_titulo=temas_de_titulo, vacias=RELLENO | CORTESIA | _PREGUNTAN
)
