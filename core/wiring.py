"""The composition root: the one place where ports meet their adapters."""

from dataclasses import dataclass, field
from functools import cached_property

from core.adapters.celery_queue import CeleryCola
from core.adapters.cifrado import FernetCifrado
from core.adapters.claves import Argon2Claves
from core.adapters.metricas import metricas
from core.db import Database, make_engine
from core.ports import Cifrado, Claves, Cola, Metricas
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
