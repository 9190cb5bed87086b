"""Voice notes and photos by Telegram: fetched from its host inside the turn, heard, seen, sold."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text

from core.adapters.imagen import PillowLimpiador
from core.agente.escuchar import Oido
from core.agente.turno import Vendedor
from core.archivos.traer import Traedor, ring_due_archivos
from core.catalogo.busqueda.buscar import Buscador
from core.db import Database
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Archivo, Movimiento, Producto, Venta
from core.settings import Settings
from core.wiring import Servicios
from tests.archivos.muestras import AUDIOS, SECRETO, foto_con_datos
from tests.archivos.test_traer import make_due
from tests.fakes import ColaEnMemoria, ModeloDePapel, TranscriptorDePapel
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Emulador
from tests.telegram.persona import Persona


@pytest.fixture
def servicios(db: Database, ajustes: Settings, emulador: Emulador) -> Servicios:
    settings = ajustes.model_copy(update={"telegram_api_url": emulador.url, "ventana_rafaga_ms": 0})
    return Servicios(settings=settings, db=db, cola=ColaEnMemoria())


@pytest.fixture
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


def answer(servicios: Servicios, bot: Bot, oido: Oido, *updates: dict[str, Any]) -> str:
    """The reply to a burst of updates."""
    for update in updates:
        got = receive_mensaje(
            servicios.db,
            servicios.cola,
            servicios.settings,
            empresa_id=bot.empresa_id,
            destino=Destino(canal_id=bot.canal_id, externo="42"),
            crudo=update,
            id_externo=str(update["update_id"]),
            orden_externo=update["update_id"],
        )
    seller = Vendedor(
        db=servicios.db,
        cola=servicios.cola,
        settings=servicios.settings,
        canales=servicios.canales,
        buscador=Buscador(servicios.db),
        worker="prueba",
        oido=oido,
    )
    ended = seller.answer_chat(empresa_id=bot.empresa_id, chat_id=got.chat_pk)
    assert ended.resultado is not None, ended
    return ended.resultado.respuesta


def oido_of(servicios: Servicios, **who: Any) -> Oido:
    return Oido(
        servicios.db,
        servicios.settings,
        servicios.canales,
        PillowLimpiador.of(servicios.settings),
        **who,
    )


def archivos(bot: Bot) -> list[Archivo]:
    with bot.db.empresa(bot.empresa_id) as session:
        found = list(session.scalars(select(Archivo).order_by(Archivo.mensaje_id)))
        _ = [a.contenido for a in found]
        session.expunge_all()
        return found


@pytest.mark.usefixtures("martillos")
def test_a_voice_note_and_an_album_are_one_turn(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    persona = Persona(emulador, TOKEN)
    seen = {"descripcion": "Un martillo.", "producto": "martillo", "texto": None}
    oido = oido_of(
        servicios,
        transcriptor=TranscriptorDePapel(["¿Qué precio tienen estos?"]),
        vista=ModeloDePapel([seen, seen]),
    )
    picture = foto_con_datos()
    group = {"media_group_id": "13456789012345678"}
    said = answer(
        servicios,
        bot,
        oido,
        persona.photo(picture, **group),
        persona.photo(picture, **group),
        persona.voice(AUDIOS["audio/ogg"]),
    )
    assert "Martillo de uña" in said
    assert "100" in said
    rows = archivos(bot)
    assert [(a.tipo, a.estado, a.mime) for a in rows] == [
        ("imagen", "listo", "image/jpeg"),
        ("imagen", "listo", "image/jpeg"),
        ("audio", "listo", "audio/ogg"),
    ]
    assert all(SECRETO not in (a.contenido or b"") for a in rows)
    assert (rows[0].ancho, rows[0].alto) == (200, 400)


@pytest.mark.usefixtures("martillos")
def test_a_sale_is_made_by_voice(servicios: Servicios, bot: Bot, emulador: Emulador) -> None:
    persona = Persona(emulador, TOKEN)
    oido = oido_of(
        servicios, transcriptor=TranscriptorDePapel(["quiero dos martillos de uña", "sí, confirmo"])
    )
    assert "2 unidades" in answer(servicios, bot, oido, persona.voice(AUDIOS["audio/ogg"]))
    with bot.db.empresa(bot.empresa_id) as session:  # the postman has been
        session.execute(text("UPDATE mensaje SET entrega = 'enviada' WHERE remitente = 'bot'"))
    assert "registrada" in answer(servicios, bot, oido, persona.voice(AUDIOS["audio/ogg"]))
    with bot.db.empresa(bot.empresa_id) as session:
        assert session.scalars(select(Venta.total)).all() == [Decimal("200.00")]


def test_what_telegram_could_not_give_comes_later(
    servicios: Servicios, bot: Bot, emulador: Emulador
) -> None:
    persona = Persona(emulador, TOKEN)
    update = persona.voice(AUDIOS["audio/ogg"])
    lost = dict(emulador.archivos)
    settings = servicios.settings.model_copy(update={"telegram_api_url": "http://127.0.0.1:9"})
    away = Servicios(settings=settings, db=servicios.db, cola=servicios.cola)
    assert "No pude recibir" in answer(servicios, bot, oido_of(away), update)
    [row] = archivos(bot)
    assert row.estado == "pendiente"
    assert lost == emulador.archivos
    make_due(bot.db, bot.empresa_id)
    cola = ColaEnMemoria()
    assert ring_due_archivos(bot.db, cola) == 1
    traedor = Traedor(
        servicios.db,
        servicios.settings,
        servicios.canales,
        PillowLimpiador.of(servicios.settings),
    )
    assert traedor.fetch_archivo(**cola.timbres[0][1]) == "listo"
    [row] = archivos(bot)
    assert row.contenido is not None
    assert SECRETO not in row.contenido
