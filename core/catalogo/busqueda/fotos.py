"""An index as a file in DATA_DIR, so that a process that starts need not read every vector.

The file proves nothing by itself: what it must hash to is in PostgreSQL, and a file with another
bit is refused, deleted and made anew.
"""

import hashlib
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog

_log = structlog.get_logger(__name__)


class Fotos:
    """Files of one folder, `<empresa_id>-<sha256>.indice`. None of its methods raises for a disk
    that is full or gone: the vectors are in PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, empresa_id: int, content: bytes) -> bytes | None:
        """Its sha256; None when it could not be written."""
        sha256 = hashlib.sha256(content).digest()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, suffix=".parte", delete=False) as draft:
                draft.write(content)
            Path(draft.name).rename(self._path(empresa_id, sha256))
        except OSError as e:
            _log.warning("foto del índice sin escribir", empresa_id=empresa_id, error=str(e))
            return None
        return sha256

    def read(self, empresa_id: int, sha256: bytes) -> bytes | None:
        """The content, if it is to the bit what was written."""
        path = self._path(empresa_id, sha256)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).digest() != sha256:
            _log.error("foto del índice alterada: se descarta", empresa_id=empresa_id)
            path.unlink(missing_ok=True)
            return None
        return content

    def keep_only(self, empresa_id: int, sha256: bytes) -> None:
        """Delete this empresa's other files, and drafts that nobody finished."""
        kept = self._path(empresa_id, sha256)
        try:
            for path in (
                *self._folder.glob(f"{empresa_id}-*.indice"),
                *self._folder.glob("*.parte"),
            ):
                if path != kept:
                    path.unlink(missing_ok=True)
        except OSError as e:
            _log.warning("fotos viejas sin borrar", empresa_id=empresa_id, error=str(e))

    def _path(self, empresa_id: int, sha256: bytes) -> Path:
        return self._folder / f"{empresa_id}-{sha256.hex()}.indice"
