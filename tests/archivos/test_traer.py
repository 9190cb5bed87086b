"""What did not come from its provider in the turn comes later, or is given up, and is cleaned."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from core.archivos.guardar import Adjunto, keep_pendiente
from core.archivos.traer import Traedor, ring_due_archivos
from core.cuentas import create_empresa
from core.db import Database
from core.errors import ArchivoIlegible, CredencialesRechazadas, Unavailable
from core.mensajes.recibir import Destino, Recibido, receive_mensaje
from core.models import Archivo
from core.ports import Medio, Tarea
from core.settings import Settings
from tests.archivos.muestras import AUDIOS, SECRETO, foto
from tests.fakes import CanalDePapel, ColaEnMemoria, LimpiadorDePapel

OGG = AUDIOS["audio/ogg"]
VOZ = Medio("v1", "audio", "audio/ogg", 500)


@pytest.fixture
def empresa_id(db: Database) -> int:
    return create_empresa(db, nombre="Ferretería Prueba").empresa_id


@pytest.fixture
def canal() -> CanalDePapel:
    return CanalDePapel(medios={"v1": OGG, "f1": foto()})


@pytest.fixture
def limpiador() -> LimpiadorDePapel:
    return LimpiadorDePapel()


@pytest.fixture
def recibe(db: Database, settings: Settings, empresa_id: int) -> Callable[..., Recibido]:
    def write(adjunto: Adjunto | None = None) -> Recibido:
        return receive_mensaje(
            db,
            ColaEnMemoria(),
            settings,
            empresa_id=empresa_id,
            destino=Destino(chat_id="c1"),
            tipo="audio",
            adjunto=adjunto,
        )

    return write


Trae = Callable[[], str]


@pytest.fixture
def trae(
    db: Database,
    settings: Settings,
    canal: CanalDePapel,
    limpiador: LimpiadorDePapel,
    empresa_id: int,
) -> Trae:
    """The sweep rings when it is due, and a worker answers."""
    traedor = Traedor(db, settings, canal.abrir, limpiador)

    def fetch() -> str:
        make_due(db, empresa_id)
        cola = ColaEnMemoria()
        ring_due_archivos(db, cola)
        [(tarea, ids)] = cola.timbres
        assert tarea is Tarea.FETCH_ARCHIVO
        return traedor.fetch_archivo(**ids)

    return fetch


def make_due(db: Database, empresa_id: int, *, horas: int = 0) -> None:
    with db.empresa(empresa_id) as session:
        session.execute(
            text(
                "UPDATE archivo SET proximo_intento = now() - interval '1 second', "
                "creado_en = creado_en - make_interval(hours => :h) "
                "WHERE proximo_intento IS NOT NULL"
            ),
            {"h": horas},
        )


def archivo(db: Database, empresa_id: int) -> Archivo:
    with db.empresa(empresa_id) as session:
        found = session.scalars(select(Archivo)).one()
        assert found.contenido is None or found.contenido
        session.expunge(found)
        return found


def test_what_waits_at_its_provider_is_fetched_cleaned_and_kept(
    db: Database, empresa_id: int, recibe: Callable[..., Recibido], trae: Trae
) -> None:
    keep_pendiente(db, VOZ, empresa_id=empresa_id, mensaje_id=recibe().mensaje_id)
    assert trae() == "listo"
    row = archivo(db, empresa_id)
    assert (row.estado, row.mime, row.medio, row.proximo_intento) == (
        *("listo", "audio/ogg", None, None),
    )
    assert row.contenido is not None
    assert SECRETO not in row.contenido
    cola = ColaEnMemoria()
    assert ring_due_archivos(db, cola) == 0


def test_a_provider_that_is_away_is_asked_again_later_and_not_for_ever(
    db: Database,
    empresa_id: int,
    canal: CanalDePapel,
    recibe: Callable[..., Recibido],
    trae: Trae,
) -> None:
    keep_pendiente(db, VOZ, empresa_id=empresa_id, mensaje_id=recibe().mensaje_id)
    for falla in (Unavailable("no"), CredencialesRechazadas("no")):
        canal.fallas_de_medios = [falla] * 2
        assert trae() == "pendiente"
        canal.fallas_de_medios = []
        row = archivo(db, empresa_id)
        assert row.proximo_intento is not None
        assert row.medio is not None
    make_due(db, empresa_id, horas=25)
    canal.fallas_de_medios = [Unavailable("no")] * 2
    assert trae() == "rechazado"
    row = archivo(db, empresa_id)
    assert (row.estado, row.error, row.medio) == ("rechazado", "perdido", None)


@pytest.mark.parametrize(
    ("contenido", "error"),
    [
        (None, "perdido"),
        (b"%PDF-1.7", "tipo_no_admitido"),
        (b"OggS" + bytes(60) + b"OpusHead", "archivo_ilegible"),
        (OGG + bytes(26 * 1024 * 1024), "demasiado_grande"),
    ],
)
def test_what_will_never_do_is_said_and_not_kept(
    db: Database,
    empresa_id: int,
    canal: CanalDePapel,
    recibe: Callable[..., Recibido],
    trae: Trae,
    contenido: bytes | None,
    error: str,
) -> None:
    canal.medios = {} if contenido is None else {"v1": contenido}
    keep_pendiente(db, VOZ, empresa_id=empresa_id, mensaje_id=recibe().mensaje_id)
    assert trae() == "rechazado"
    row = archivo(db, empresa_id)
    assert (row.estado, row.error, row.contenido) == ("rechazado", error, None)


def test_an_upload_whose_turn_never_came_is_cleaned_all_the_same(
    db: Database, empresa_id: int, recibe: Callable[..., Recibido], trae: Trae
) -> None:
    recibe(Adjunto("audio", "audio/ogg", OGG))
    assert trae() == "listo"
    row = archivo(db, empresa_id)
    assert row.contenido is not None
    assert SECRETO not in row.contenido


def test_an_upload_that_is_no_picture_after_all_is_thrown_away(
    db: Database,
    empresa_id: int,
    limpiador: LimpiadorDePapel,
    recibe: Callable[..., Recibido],
    trae: Trae,
) -> None:
    recibe(Adjunto("imagen", "image/jpeg", foto()))
    limpiador.fallas = [Unavailable("busy"), ArchivoIlegible("no")]
    assert trae() == "recibido"
    assert trae() == "rechazado"
    assert archivo(db, empresa_id).contenido is None


def test_two_workers_fetch_it_once(
    db: Database,
    settings: Settings,
    empresa_id: int,
    canal: CanalDePapel,
    recibe: Callable[..., Recibido],
) -> None:
    keep_pendiente(db, VOZ, empresa_id=empresa_id, mensaje_id=recibe().mensaje_id)
    make_due(db, empresa_id)
    traedor = Traedor(db, settings, canal.abrir, LimpiadorDePapel())
    id_ = archivo(db, empresa_id).id
    ended = [traedor.fetch_archivo(empresa_id=empresa_id, archivo_id=id_) for _ in range(2)]
    assert ended == ["listo", "nada"]
