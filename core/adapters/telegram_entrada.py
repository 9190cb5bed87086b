"""An update of Telegram becomes a row, whether it was pushed to the web or asked for by polling."""

from dataclasses import dataclass
from typing import Any

from core.adapters.telegram_sobre import read_sobre
from core.db import Database
from core.mensajes.recibir import Destino, mark_cerrado, receive_mensaje
from core.models import TipoCanal
from core.ports import Cola, Metricas
from core.settings import Settings


@dataclass(frozen=True)
class Entrada:
    """Where updates go: the rows, the bell, the count."""

    db: Database
    cola: Cola
    settings: Settings
    metricas: Metricas

    def receive_update(self, crudo: Any, *, empresa_id: int, canal_id: int) -> str | None:
        """Store it, once, if it is anybody's; it is committed when this returns. `crudo` is
        already `storable`. Returns the id of a press that Telegram wants confirmed, else None.

        Raises as core.mensajes.recibir.receive_mensaje does.
        """
        sobre = read_sobre(crudo)
        if sobre is None:
            return None
        if sobre.cerrado is not None:
            mark_cerrado(
                self.db,
                empresa_id=empresa_id,
                destino=Destino(canal_id=canal_id, externo=sobre.chat),
                cerrado=sobre.cerrado,
                orden_externo=sobre.update_id,
            )
            return None
        got = receive_mensaje(
            self.db,
            self.cola,
            self.settings,
            empresa_id=empresa_id,
            destino=Destino(canal_id=canal_id, externo=sobre.chat),
            crudo=crudo,
            id_externo=sobre.id_externo,
            orden_externo=sobre.update_id,
        )
        if got.nuevo:
            self.metricas.mensaje_recibido(canal=TipoCanal.TELEGRAM.value)
        return sobre.pulsacion
