"""How often the shop's own texts answer, answer wrongly, or answer what they do not know."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from core.agente.temas import HABLA
from core.documentos.indexar import texto_de
from core.documentos.indice import SEGURO, Indice, Texto
from core.documentos.lectura import formato_de, read_trozos
from core.documentos.trozos import Trozo
from core.ports import Embedder, Vector

AQUI = Path(__file__).parent
CONJUNTOS = {"ferreteria": "ferreteria.md", "ropa": "ropa.csv", "farmacia": "farmacia.txt"}
APARTE = "farmacia"  # nothing was fitted on it


@dataclass(frozen=True)
class Pregunta:
    q: str
    en: tuple[str, ...] = ()


@dataclass
class Nota:
    """Of the questions that have an answer: right, wrong, not given; of the others: how many were
    answered all the same."""

    bien: int = 0
    mal: int = 0
    calla: int = 0
    falsas: int = 0
    nadas: int = 0
    fallas: list[str] = field(default_factory=list)

    def __add__(self, other: "Nota") -> "Nota":
        return Nota(
            self.bien + other.bien,
            self.mal + other.mal,
            self.calla + other.calla,
            self.falsas + other.falsas,
            self.nadas + other.nadas,
            self.fallas + other.fallas,
        )

    @property
    def precision(self) -> float:
        said = self.bien + self.mal + self.falsas
        return self.bien / said if said else 0.0

    @property
    def recall(self) -> float:
        return self.bien / (self.bien + self.mal + self.calla)


def leer_preguntas(conjunto: str) -> list[Pregunta]:
    said = yaml.safe_load((AQUI / f"{conjunto}.yaml").read_text(encoding="utf-8"))
    return [Pregunta(e["q"], tuple(e.get("en", ()))) for e in said]


def leer_textos(conjunto: str, embedder: Embedder | None, *, llano: bool = False) -> list[Texto]:
    """The pasajes of a set as they are indexed; `id` is their place. llano: as of a shop that
    writes no headings."""
    trozos = _trozos(conjunto)
    if llano:
        trozos = [Trozo("", t.texto.removeprefix(f"{_encabezado(t)}:\n")) for t in trozos]
    vectors: Sequence[bytes | None] = [None] * len(trozos)
    if embedder is not None:
        vectors = embedder.embed([texto_de(t.titulo, t.texto) for t in trozos])
    return [
        Texto(n, 1, conjunto, _encabezado(t) or conjunto, t.texto, v)
        for n, (t, v) in enumerate(zip(trozos, vectors, strict=True))
    ]


def leer_embebidos(conjunto: str) -> list[str]:
    """What a model is given, with headings and without."""
    kept = _Oyente()
    for llano in (False, True):
        leer_textos(conjunto, kept, llano=llano)
    return kept.oidos


class _Oyente:
    """core.ports.Embedder that only writes down what it is asked for."""

    modelo, lote = "oyente", 1000

    def __init__(self) -> None:
        self.oidos: list[str] = []

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        self.oidos += textos
        return [b""] * len(textos)


def _encabezado(trozo: Trozo) -> str:
    return trozo.titulo.rpartition(" › ")[2]


def _trozos(conjunto: str) -> list[Trozo]:
    nombre = CONJUNTOS[conjunto]
    contenido = (AQUI / nombre).read_bytes()
    return read_trozos(formato_de(nombre, contenido) or "", contenido, _no_pdf, max_=1000)


def _no_pdf(contenido: bytes) -> list[str]:
    raise NotImplementedError


def calificar(conjunto: str, embedder: Embedder | None, *, llano: bool = False) -> Nota:
    indice, nota = Indice(leer_textos(conjunto, embedder, llano=llano), HABLA), Nota()
    textos = leer_textos(conjunto, None)
    for p in leer_preguntas(conjunto):
        vector = embedder.embed([p.q], consulta=True)[0] if embedder else None
        found = indice.search(p.q, 1, vector)
        sure = bool(found) and found[0].puntaje >= SEGURO
        said = textos[found[0].id].encabezado if sure else ""
        right = said in p.en if sure else not p.en
        if not p.en:
            nota.nadas += 1
            nota.falsas += sure
        elif not sure:
            nota.calla += 1
        elif right:
            nota.bien += 1
        else:
            nota.mal += 1
        if not right:
            nota.fallas.append(f"{p.q} → {said or 'nada'} ({found[0].puntaje if found else 0})")
    return nota
