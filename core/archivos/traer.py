"""A photo or recording from its provider to its row, within a turn or, failing that, later."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from core.archivos.guardar import keep_limpio, keep_rechazo, read_contenido
from core.archivos.limpiar import Limpio, check, clean, max_bytes
from core.db import Database
from core.errors import (
    AgenteError,
    ArchivoIlegible,
    CredencialesIlegibles,
    CredencialesRechazadas,
    EnvioRechazado,
    Invalid,
    NotImplementedYet,
    TipoNoAdmitido,
    TooLarge,
    Unavailable,
)
from core.ports import AbrirCanal, Canal, Cola, CuentaCanal, LimpiarImagen, Medio, Tarea
from core.settings import Settings

PERDIDO = "perdido"  # archivo.error: its provider has it no more, or never let us have it
# The file itself will never do, whoever tries again.
NUNCA: tuple[type[AgenteError], ...] = (TooLarge, TipoNoAdmitido, ArchivoIlegible, Invalid)
ACABADO: tuple[type[AgenteError], ...] = (*NUNCA, EnvioRechazado)
# A person may mend these: a token, a key.
LUEGO = (Unavailable, CredencialesRechazadas, CredencialesIlegibles, NotImplementedYet)
_OTRA_VEZ_MINIMO = 1.0  # not worth asking a provider again for less
_LIMPIAR_SEGUNDOS = 10.0


def codigo_de(error: AgenteError) -> str:
    """As archivo.error keeps it."""
    return error.codigo if isinstance(error, NUNCA) else PERDIDO


def fetch_limpio(
    canal: Canal, medio: Medio, limpiar: LimpiarImagen, settings: Settings, *, fin: float
) -> Limpio:
    """What waits at the provider, checked and cleaned before `fin` (time.monotonic()); asked for
    twice where the first time failed soon.

    Raises one of NUNCA, EnvioRechazado when it is gone, Unavailable when it did not come.
    """
    most = max_bytes(settings, medio.tipo)
    if medio.bytes is not None and medio.bytes > most:
        raise TooLarge(f"El archivo pasa de {most // 1024**2} MB.")
    try:
        contenido = canal.fetch(medio, max_bytes=most, segundos=_left(fin))
    except Unavailable:
        if _left(fin) < _OTRA_VEZ_MINIMO:
            raise
        contenido = canal.fetch(medio, max_bytes=most, segundos=_left(fin))
    check(contenido, medio.tipo, settings)
    return clean(contenido, medio.tipo, limpiar, segundos=_left(fin))


def _left(fin: float) -> float:
    left = fin - time.monotonic()
    if left <= 0:
        raise Unavailable("No llegó a tiempo.")
    return left


# --- later ---------------------------------------------------------------------------------------

_DUE = text(
    """
    SELECT a.empresa_id, a.id FROM archivo a JOIN empresa e ON e.id = a.empresa_id
    WHERE a.proximo_intento < clock_timestamp() AND NOT e.efimera
    ORDER BY a.proximo_intento LIMIT 100
    """
)
# Claimed by moving its next try, twice as far each time and an hour at most. `viejo`: long enough.
_CLAIM = text(
    """
    UPDATE archivo a SET intentos = a.intentos + 1,
        proximo_intento = clock_timestamp()
            + make_interval(secs => least(3600, 60 * power(2, least(a.intentos, 10))))
    FROM mensaje m, canal
    WHERE a.empresa_id = :empresa_id AND a.id = :archivo_id
      AND a.estado IN ('pendiente', 'recibido') AND a.proximo_intento < clock_timestamp()
      AND m.empresa_id = a.empresa_id AND m.id = a.mensaje_id
      AND canal.empresa_id = a.empresa_id AND canal.id = m.canal_id
    RETURNING a.mensaje_id, a.tipo, a.estado, a.medio,
        a.creado_en < now() - cast(:plazo AS interval) AS viejo,
        canal.id AS canal_id, canal.tipo AS canal_tipo, canal.clave, canal.credenciales
    """
)


@dataclass(frozen=True)
class Traedor:
    """What fetching later needs of its process."""

    db: Database
    settings: Settings
    canales: AbrirCanal
    limpiar: LimpiarImagen

    def fetch_archivo(self, *, empresa_id: int, archivo_id: int) -> str:
        """Fetch what a turn could not, or clean what none did; its estado, or "nada" when it was
        not due. Idempotent: claimed by its row, which is due again should this process die."""
        plazo = timedelta(hours=self.settings.medio_traer_horas)
        values = {"empresa_id": empresa_id, "archivo_id": archivo_id, "plazo": plazo}
        with self.db.empresa(empresa_id) as session:
            row = session.execute(_CLAIM, values).one_or_none()
        if row is None:
            return "nada"
        key: dict[str, Any] = {"empresa_id": empresa_id, "mensaje_id": row.mensaje_id}
        try:
            limpio = self._limpio(row, empresa_id, archivo_id)
        except LUEGO:
            if not row.viejo:
                return str(row.estado)
            keep_rechazo(self.db, PERDIDO, tipo=row.tipo, **key)
            return "rechazado"
        except ACABADO as e:
            keep_rechazo(self.db, codigo_de(e), tipo=row.tipo, **key)
            return "rechazado"
        keep_limpio(self.db, limpio, tipo=row.tipo, **key)
        return "listo"

    def _limpio(self, row: Row[Any], empresa_id: int, archivo_id: int) -> Limpio:
        if row.estado == "recibido":
            contenido = read_contenido(self.db, empresa_id=empresa_id, archivo_id=archivo_id)
            return clean(contenido, row.tipo, self.limpiar, segundos=_LIMPIAR_SEGUNDOS)
        canal = self.canales(
            CuentaCanal(empresa_id, row.canal_id, row.canal_tipo, row.clave, row.credenciales)
        )
        fin = time.monotonic() + self.settings.turno_segundos  # nobody waits for it any more
        return fetch_limpio(canal, Medio(**row.medio), self.limpiar, self.settings, fin=fin)


def ring_due_archivos(db: Database, cola: Cola) -> int:
    """Ring for every archivo that should be fetched or cleaned and is not; how many. Idempotent."""
    with db.sistema() as session:
        due = session.execute(_DUE).all()
    for row in due:
        cola.ring(Tarea.FETCH_ARCHIVO, empresa_id=row.empresa_id, archivo_id=row.id)
    return len(due)
