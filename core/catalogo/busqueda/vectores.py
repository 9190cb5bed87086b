"""Vectors by model and text's hash, kept once for all empresas (`embedding`)."""

import hashlib
from collections.abc import Collection, Mapping

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import ModeloRechazado
from core.ports import Embedder, Vector

_KNOWN = text("SELECT hash FROM embedding WHERE modelo = :modelo AND hash = ANY(:hashes)")
_KEEP = text(
    """
    INSERT INTO embedding (modelo, hash, datos)
    SELECT :modelo, hash, datos
    FROM unnest(cast(:hashes AS bytea[]), cast(:datos AS bytea[])) AS n (hash, datos)
    ORDER BY hash ON CONFLICT DO NOTHING
    """
)
# One is enough to tell: all that are kept under a name have the length of the first.
_OTHER_LENGTH = text(
    """
    SELECT 1 FROM (SELECT datos FROM embedding WHERE modelo = :modelo LIMIT 1) e
    WHERE octet_length(e.datos) <> :largo
    """
)
_CONTROL = "producto"  # a text that every model takes: who refuses it refuses everything


def hash_de(texto: str) -> bytes:
    return hashlib.sha256(texto.encode()).digest()


def known_hashes(session: Session, *, modelo: str, hashes: Collection[bytes]) -> set[bytes]:
    """Those of `hashes` that have a vector already."""
    values = {"modelo": modelo, "hashes": list(hashes)}
    return {bytes(h) for h in session.scalars(_KNOWN, values)}


def make_vectors(embedder: Embedder, textos: Mapping[bytes, str]) -> dict[bytes, Vector]:
    """hash → vector; of the texts alone that the model takes. Raises ModeloRechazado when it takes
    none. Slow: never inside a transaction."""
    try:
        vectors = embedder.embed(list(textos.values()))
        return dict(zip(textos, vectors, strict=True))
    except ModeloRechazado:
        embedder.embed([_CONTROL])
    taken = {}
    for hash_, texto in textos.items():
        try:
            taken[hash_] = embedder.embed([texto])[0]
        except ModeloRechazado:
            continue  # it is found by its words
    return taken


def keep_vectors(session: Session, *, modelo: str, vectors: Mapping[bytes, Vector]) -> None:
    """Repeating it changes nothing. Raises ModeloRechazado when they are of another length than
    what is kept under that name."""
    if not vectors:
        return
    largo = max(len(v) for v in vectors.values())
    if session.scalar(_OTHER_LENGTH, {"modelo": modelo, "largo": largo}) is not None:
        raise ModeloRechazado("El modelo devuelve vectores de otro largo que antes.")
    values = {"modelo": modelo, "hashes": list(vectors), "datos": list(vectors.values())}
    session.execute(_KEEP, values)
