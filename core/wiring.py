"""The composition root: the one place where ports meet their adapters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.adapters.celery_queue import CeleryCola
from core.adapters.cifrado import FernetCifrado
from core.adapters.claves import Argon2Claves
from core.adapters.correo import CorreoSmtp
from core.adapters.embeddings import embedder_of, modelo_of
from core.adapters.faiss_index import FaissIndex
from core.adapters.imagen import PillowLimpiador
from core.adapters.llm import modelo_of as llm_of
from core.adapters.llm import vista_of
from core.adapters.metricas import metricas
from core.adapters.pdf import PypdfLector
from core.adapters.pgvector_index import PgvectorIndex
from core.adapters.telegram import Telegram
from core.adapters.transcripcion import transcriptor_of
from core.adapters.whatsapp import Whatsapp
from core.archivos.traer import Traedor
from core.catalogo.busqueda.buscar import Buscador
from core.catalogo.busqueda.fotos import Fotos
from core.catalogo.busqueda.significado import Significado
from core.db import Database, make_engine
from core.documentos.buscar import Biblioteca
from core.documentos.indexar import Lectores
from core.documentos.secciones import LeerPdf
from core.errors import EnvioRechazado, NotImplementedYet
from core.models import TipoCanal
from core.ports import (
    Canal,
    Cifrado,
    Claves,
    Cola,
    Correo,
    CuentaCanal,
    Embedder,
    Metricas,
    VectorIndex,
)
from core.settings import Settings

if TYPE_CHECKING:
    from core.agente.escuchar import Oido
    from core.agente.motor import Motor
    from core.mensajes.turnos import TurnoTomado


@dataclass
class Servicios:
    """What a process needs to do its work. Built once per process, after any fork. Without
    `significado`, as in the web, its searches go by words and the rest is asked of a worker."""

    settings: Settings
    db: Database
    cola: Cola
    claves: Claves = field(default_factory=Argon2Claves)
    metricas: Metricas = field(default_factory=metricas)
    significado: Significado | None = None

    @cached_property
    def buscador(self) -> Buscador:
        return Buscador(self.db, self.significado)

    @cached_property
    def biblioteca(self) -> Biblioteca:
        from core.agente.temas import HABLA  # much to compile, for those who never search

        return Biblioteca(self.db, HABLA, self.significado)

    @property
    def lectores(self) -> Lectores:
        """Who reads a documento; for workers."""
        return Lectores(self.leer_pdf, self.embedder)

    @property
    def leer_pdf(self) -> LeerPdf:
        return PypdfLector.of(self.settings)

    @property
    def embedder(self) -> Embedder | None:
        """The model that the catalogue is to be found by; None where it goes by words alone."""
        return embedder_of(self.settings, modelo_of(self.settings))

    @property
    def traedor(self) -> Traedor:
        """Who fetches and cleans the photos and recordings that no turn did; for workers."""
        return Traedor(self.db, self.settings, self.canales, PillowLimpiador.of(self.settings))

    @cached_property
    def motor(self) -> "Callable[[TurnoTomado], Motor | None]":
        """Who reads and words this process's turns."""
        return build_motor(self.settings, self.db, self.metricas)

    @cached_property
    def oido(self) -> "Oido":
        """Who attends to photos and recordings in this process's turns."""
        from core.agente.escuchar import Oido  # here: the web's processes never load the seller

        return Oido(
            self.db,
            self.settings,
            self.canales,
            PillowLimpiador.of(self.settings),
            transcriptor=transcriptor_of(self.settings),
            vista=vista_of(self.settings),
            metricas=self.metricas,
        )

    @cached_property
    def cifrado(self) -> Cifrado:
        return FernetCifrado(self.settings.secret("secrets_key"))

    @cached_property
    def correo(self) -> Correo | None:
        """Email to the shops' own people; None where no server is configured."""
        return CorreoSmtp.of(self.settings)

    def canales(self, cuenta: CuentaCanal) -> Canal:
        """A canal row's adapter, its vendor not yet imported (core.ports.AbrirCanal)."""
        if cuenta.tipo == TipoCanal.TELEGRAM.value:
            return self.telegram(cuenta)
        if cuenta.tipo == TipoCanal.WHATSAPP.value:
            return Whatsapp(
                lambda: self.credenciales(cuenta),
                api_url=self.settings.whatsapp_api_url,
                version=self.settings.whatsapp_api_version,
                segundos=self.settings.envio_segundos,
            )
        raise NotImplementedYet(f"El canal {cuenta.tipo} no envía mensajes.")

    def telegram(self, cuenta: CuentaCanal) -> Telegram:
        return Telegram(
            lambda: self.credenciales(cuenta),
            api_url=self.settings.telegram_api_url,
            segundos=self.settings.envio_segundos,
        )

    def credenciales(self, cuenta: CuentaCanal) -> dict[str, Any]:
        """A canal's secrets in the clear. Raises EnvioRechazado once it is deleted,
        CredencialesIlegibles without the key they were closed with."""
        if cuenta.credenciales is None:
            raise EnvioRechazado("El canal fue eliminado.")
        return self.cifrado.decrypt(
            cuenta.credenciales, empresa_id=cuenta.empresa_id, clave=cuenta.clave
        )


def build_database(settings: Settings, *, max_connections: int) -> Database:
    return Database(
        app=make_engine(settings.app_url, max_connections=max_connections),
        sistema=make_engine(settings.sistema_url, max_connections=4),
    )


def build_servicios(settings: Settings, *, max_connections: int = 10) -> Servicios:
    db = build_database(settings, max_connections=max_connections)
    return Servicios(
        settings=settings,
        db=db,
        cola=CeleryCola(settings.broker_url),
        significado=build_significado(settings, db),
    )


def build_significado(settings: Settings, db: Database) -> Significado:
    """Loads nothing yet: index and model come with the first search that needs them."""

    def index(empresa_id: int, modelo: str) -> VectorIndex:
        if settings.indice_vectores == "pgvector":
            return PgvectorIndex(db, empresa_id=empresa_id, modelo=modelo)
        return FaissIndex()

    return Significado(
        db,
        embedder=lambda modelo: embedder_of(settings, modelo),
        indice=index,
        fotos=Fotos(settings.data_dir / "indices"),
        max_bytes=settings.indice_max_bytes,
    )


def build_motor(
    settings: Settings, db: Database, metricas: Metricas | None = None
) -> "Callable[[TurnoTomado], Motor | None]":
    """For core.agente.turno.Vendedor: a model for each turn where the settings name one. Without
    `metricas`, as in an exam, its calls are not counted among the shop's."""
    # Here: the web's processes never load the seller.
    from core.agente.modelo.por_turno import PorTurno
    from core.agente.turno import sin_modelo

    modelo = llm_of(settings)
    return sin_modelo if modelo is None else PorTurno(modelo, db, settings, metricas)
