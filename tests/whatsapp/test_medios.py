"""Voice notes and photos by WhatsApp: fetched from its host inside the turn, heard, seen, sold."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core.adapters.imagen import PillowLimpiador
from core.agente.escuchar import Oido
from core.agente.turno import Vendedor
from core.db import Database
from core.models import Archivo, Movimiento, Producto, Venta
from core.ports import Tarea
from core.wiring import Servicios
from tests.archivos.muestras import AUDIOS, SECRETO, foto_con_datos
from tests.fakes import ColaEnMemoria, ModeloDePapel, TranscriptorDePapel
from tests.telegram.conftest import Bot
from tests.whatsapp import fallas as api
from tests.whatsapp.avisos import mensaje
from tests.whatsapp.conftest import Post
from tests.whatsapp.emulador import Emulador

OGG = AUDIOS["audio/ogg"]
VISTO = {"descripcion": "Un martillo.", "producto": "martillo", "texto": None}
Work = Callable[[], None]
Attend = Callable[..., None]


@pytest.fixture(autouse=True)
def martillos(db: Database, empresa_id: int) -> None:
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="m1",
            nombre="Martillo de uña",
            precio=Decimal("100.00"),
            moneda="COP",
            stock=Decimal(7),
        )
        session.add(producto)
        session.flush()
        alta = {"producto_id": producto.id, "cantidad": 7, "motivo": "alta"}
        session.add(Movimiento(empresa_id=empresa_id, **alta))


@pytest.fixture
def attend(servicios: Servicios, cola: ColaEnMemoria, work: Work) -> Attend:
    """The workers answer what was rung for, with somebody who hears `voces` and sees `fotos`."""

    def call(*, voces: Any = (), fotos: Any = ()) -> None:
        s = servicios
        oido = Oido(
            s.db,
            s.settings,
            s.canales,
            PillowLimpiador.of(s.settings),
            transcriptor=TranscriptorDePapel(list(voces)),
            vista=ModeloDePapel(list(fotos)),
        )
        seller = Vendedor(
            db=s.db,
            cola=cola,
            settings=s.settings,
            canales=s.canales,
            buscador=s.buscador,
            worker="prueba",
            oido=oido,
        )
        rung = dict.fromkeys(
            tuple(sorted(ids.items())) for t, ids in cola.timbres if t is Tarea.ANSWER_CHAT
        )
        cola.timbres.clear()
        for ids in rung:
            ended = seller.answer_chat(**dict(ids))  # type: ignore[arg-type]
            assert ended.error is None, ended
        work()

    return call


def voice(id_: str = "voz-1", **mas: Any) -> dict[str, Any]:
    audio = {"id": id_, "mime_type": "audio/ogg; codecs=opus", "voice": True}
    return mensaje(None, type="audio", audio=audio, **mas)


def photo(id_: str = "foto-1", leyenda: str | None = None, **mas: Any) -> dict[str, Any]:
    image = {"id": id_, "mime_type": "image/jpeg", "caption": leyenda}
    known = {k: v for k, v in image.items() if v is not None}
    return mensaje(None, type="image", image=known, **mas)


def archivos(canal: Bot) -> list[Archivo]:
    with canal.db.empresa(canal.empresa_id) as session:
        found = list(session.scalars(select(Archivo).order_by(Archivo.mensaje_id)))
        _ = [a.contenido for a in found]
        session.expunge_all()
        return found


def test_words_a_voice_note_and_a_photo_of_one_burst_are_answered_once(
    post: Post, attend: Attend, canal: Bot, emulador: Emulador
) -> None:
    emulador.add_medio("voz-1", OGG, "audio/ogg")
    emulador.add_medio("foto-1", foto_con_datos())
    post(mensaje("Hola"), voice())
    post(photo())
    attend(voces=["¿Qué precio tienen estos?"], fotos=[VISTO])
    [said] = emulador.aceptados
    assert "Martillo de uña" in said.texto
    assert "100" in said.texto
    rows = archivos(canal)
    assert [(a.tipo, a.estado, a.mime) for a in rows] == [
        ("audio", "listo", "audio/ogg"),
        ("imagen", "listo", "image/jpeg"),
    ]
    assert all(SECRETO not in (a.contenido or b"") for a in rows)
    heard = [m.transcripcion for m in canal.mensajes() if m.tipo == "audio"]
    assert heard == ["¿Qué precio tienen estos?"]
    assert "¿Qué precio tienen estos?" not in said.texto


def test_a_sale_is_made_by_voice(
    post: Post, attend: Attend, canal: Bot, emulador: Emulador, db: Database
) -> None:
    emulador.add_medio("voz-1", OGG, "audio/ogg")
    emulador.add_medio("voz-2", AUDIOS["audio/mpeg"], "audio/mpeg")
    post(voice())
    attend(voces=["quiero dos martillos de uña"])
    assert "2 unidades" in emulador.aceptados[-1].texto
    post(voice("voz-2"))
    attend(voces=["sí, confirmo"])
    assert "registrada" in emulador.aceptados[-1].texto
    with db.empresa(canal.empresa_id) as session:
        assert session.scalars(select(Venta.total)).all() == [Decimal("200.00")]


def test_a_photo_with_words_under_it_and_one_sent_as_a_file_are_seen(
    post: Post, attend: Attend, emulador: Emulador
) -> None:
    emulador.add_medio("foto-1", foto_con_datos())
    emulador.add_medio("foto-2", foto_con_datos())
    post(photo(leyenda="¿Tienen de estos?"))
    attend(fotos=[VISTO])
    assert "Martillo de uña" in emulador.aceptados[-1].texto
    part = {"id": "foto-2", "mime_type": "image/jpeg", "filename": "a.jpg"}
    post(mensaje(None, type="document", document=part))
    attend(fotos=[VISTO])
    assert "Martillo de uña" in emulador.aceptados[-1].texto


@pytest.mark.parametrize("falla", [api.ERROR_500, api.CORTA, api.HTML_502])
def test_what_whatsapp_could_not_give_is_said_and_comes_later(
    falla: api.Falla, post: Post, attend: Attend, canal: Bot, emulador: Emulador
) -> None:
    emulador.add_medio("voz-1", OGG, "audio/ogg")
    emulador.fail("content", *[falla] * 9)
    post(mensaje("¿Qué precio tiene el martillo de uña?"), voice())
    attend(voces=["nadie lo oye"])
    [said] = emulador.aceptados
    assert "100" in said.texto
    assert "No pude recibir" in said.texto
    assert [a.estado for a in archivos(canal)] == ["pendiente"]


def test_a_file_of_another_kind_than_it_says_is_kept_by_nobody(
    post: Post, attend: Attend, canal: Bot, emulador: Emulador
) -> None:
    emulador.add_medio("foto-1", b"<html>no soy una foto</html>")
    post(photo())
    attend()
    assert len(emulador.aceptados) == 1
    [row] = archivos(canal)
    assert (row.estado, row.contenido) == ("rechazado", None)
