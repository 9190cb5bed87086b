"""What the shop wrote about itself answers a question in its own words, or nobody here knows.

A pasaje is quoted, never read for anything else: no figure in it becomes a price, no sentence in
it an order.
"""

from collections.abc import Sequence
from dataclasses import replace

from core.agente.hechos import Decision, Hecho, Situacion
from core.agente.ofertar import recordar
from core.agente.temas import temas_de
from core.catalogo.texto import terms
from core.documentos.indice import SEGURO, alike
from core.documentos.secciones import VINETA
from core.documentos.trozos import oraciones

_CITA_MAX = 450  # characters that are still read in a chat
_BUSCADOS = 3
_PAR = 0.1  # two that are so equally sure are both said: two things were asked


def del_documento(s: Situacion, *, sobre: float = 0.0) -> Decision | None:
    """The answer, where a pasaje gives it more surely than `sobre`; None where none does."""
    hechos = citas(s, sobre=sobre)
    if not hechos:
        return None
    memoria = replace(s.memoria, no_entendidos=0)
    return Decision((*hechos, *recordar(memoria)), memoria, "documento")


def citas(s: Situacion, *, sobre: float = 0.0) -> tuple[Hecho, ...]:
    """The pasajes that surely answer, the best first, at most two."""
    found = s.documentos.buscar(s.turno.texto, _BUSCADOS)
    if not found or found[0].puntaje < max(SEGURO, sobre):
        return ()
    least = max(SEGURO, found[0].puntaje - _PAR)
    return tuple(
        Hecho("pasaje", cita=citar(p.texto, s.turno.texto), fuente=p.id)
        for p in found[:2]
        if p.puntaje >= least
    )


def citar(texto: str, dicho: str) -> str:
    """`texto` whole, or the sentences in a row that say most of what was asked, as many as a
    person reads in a chat."""
    parts = oraciones(texto)
    asked = [t for t in terms(dicho) if isinstance(t, str)]
    temas = temas_de(dicho)

    def tells(part: str) -> int:
        own = [t for t in terms(part) if isinstance(t, str)]
        return sum(any(alike(a, o) for o in own) for a in asked) + 2 * len(temas & temas_de(part))

    if len(texto) <= _CITA_MAX:
        return _joined(parts)
    runs = [_run(parts, start) for start in range(len(parts))]
    best = max(range(len(runs)), key=lambda n: (sum(map(tells, runs[n])), -n))
    return _joined(runs[best])[:_CITA_MAX]


def _run(parts: Sequence[str], start: int) -> list[str]:
    """From `start` on, as far as they fit; one at least."""
    run, length = [parts[start]], len(parts[start])
    for part in parts[start + 1 :]:
        length += 1 + len(part)
        if length > _CITA_MAX:
            break
        run.append(part)
    return run


def _joined(parts: Sequence[str]) -> str:
    """Each point of a list on its own line, so that it reads as one."""
    out = ""
    for part in parts:
        gap = "" if not out else "\n" if part.startswith(VINETA) or _lists(out) else " "
        out += gap + part
    return out


def _lists(said: str) -> bool:
    return said.rpartition("\n")[2].startswith(VINETA)
