"""The composition root: the one place where ports meet their adapters."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.adapters.celery_queue import CeleryCola
from core.adapters.cifrado import FernetCifrado
from core.adapters.claves import Argon2Claves
from core.adapters.metricas import metricas
from core.adapters.telegram import Telegram
from core.db import Database, make_engine
from core.errors import EnvioRechazado, NotImplementedYet
from core.models import TipoCanal
from core.ports import Canal, Cifrado, Claves, Cola, CuentaCanal, Metricas
from core.settings import Settings


@dataclass
class Servicios:
    """What a process needs to do its work. Built once per process, after any fork."""

    settings: Settings
    db: Database
    cola: Cola
    claves: Claves = field(default_factory=Argon2Claves)
    metricas: Metricas = field(default_factory=metricas)

    @cached_property
    def cifrado(self) -> Cifrado:
        return FernetCifrado(self.settings.secret("secrets_key"))

    def canales(self, cuenta: CuentaCanal) -> Canal:
        """A canal row's adapter, its vendor not yet imported (core.ports.AbrirCanal)."""
        if cuenta.tipo == TipoCanal.TELEGRAM.value:
            return self.telegram(cuenta)
        raise NotImplementedYet(f"El canal {cuenta.tipo} no envía mensajes.")

    def telegram(self, cuenta: CuentaCanal) -> Telegram:
        def credenciales() -> dict[str, Any]:
            if cuenta.credenciales is None:
                raise EnvioRechazado("El canal fue eliminado.")
            return self.cifrado.decrypt(
                cuenta.credenciales, empresa_id=cuenta.empresa_id, clave=cuenta.clave
            )

        return Telegram(
            credenciales,
            api_url=self.settings.telegram_api_url,
            segundos=self.settings.envio_segundos,
        )


def build_database(settings: Settings, *, max_connections: int) -> Database:
    return Database(
        app=make_engine(settings.app_url, max_connections=max_connections),
        sistema=make_engine(settings.sistema_url, max_connections=4),
    )


def build_servicios(settings: Settings, *, max_connections: int = 10) -> Servicios:
    return Servicios(
        settings=settings,
        db=build_database(settings, max_connections=max_connections),
        cola=CeleryCola(settings.broker_url),
    )
