"""A canal is verified by speaking to its provider, and stays due while that does not answer."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from core.db import Database
from core.errors import (
    CanalOcupado,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioRechazado,
    Unavailable,
)
from core.mensajes.canales import (
    active_canales,
    advance_cursor,
    break_canal,
    check_canal,
    due_canales,
    read_lectura,
)
from core.models import Canal
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import CanalDePapel, ColaEnMemoria
from tests.telegram import fallas as api
from tests.telegram.conftest import TOKEN, Bot
from tests.telegram.emulador import Emulador

Revisar = Callable[..., str | None]


@pytest.fixture
def nuevo(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot(estado="verificando")


@pytest.fixture
def papel() -> CanalDePapel:
    return CanalDePapel()


@pytest.fixture
def check(db: Database, ajustes: Settings, papel: CanalDePapel, empresa_id: int) -> Revisar:
    def call(bot: Bot, **how: object) -> str | None:
        settings = ajustes.model_copy(update={"public_url": how.pop("public_url", None)})
        return check_canal(
            db,
            settings,
            papel.abrir,
            empresa_id=empresa_id,
            canal_id=bot.canal_id,
            **how,  # type: ignore[arg-type]
        )

    return call


def due(db: Database) -> list[int]:
    with db.sistema() as session:
        return [canal_id for _, canal_id in due_canales(session)]


def test_a_canal_that_its_provider_knows_becomes_active(
    nuevo: Bot, check: Revisar, papel: CanalDePapel
) -> None:
    assert check(nuevo, public_url="https://tienda.example/") == "activo"
    canal = nuevo.canal()
    assert (canal.estado, canal.detalle) == ("activo", "papel")
    assert papel.webhook == f"https://tienda.example/webhooks/telegram/{nuevo.clave}"
    assert check(nuevo) is None, "nothing is left to check"


def test_without_a_public_address_there_is_no_webhook(
    nuevo: Bot, check: Revisar, papel: CanalDePapel
) -> None:
    papel.webhook = "old"
    check(nuevo)
    assert papel.webhook is None


@pytest.mark.parametrize("family", [CredencialesRechazadas, EnvioRechazado, CanalOcupado])
def test_what_a_person_must_change_is_an_error_with_its_reason(
    nuevo: Bot, check: Revisar, papel: CanalDePapel, family: type[EnvioRechazado]
) -> None:
    papel.fallas = [family("Telegram no reconoce el token.")]
    assert check(nuevo) == "error"
    assert nuevo.canal().detalle == "Telegram no reconoce el token."


@pytest.mark.parametrize("family", [Unavailable, EnvioIncierto])
def test_a_provider_that_does_not_answer_is_asked_again_later(
    nuevo: Bot, check: Revisar, papel: CanalDePapel, db: Database, family: type[Unavailable]
) -> None:
    papel.fallas = [family("Telegram no responde.")]
    assert check(nuevo) == "verificando"
    assert "Telegram no responde." in (nuevo.canal().detalle or "")
    assert check(nuevo) is None, "not before its time"
    assert due(db) == []
    nuevo.age(12)
    assert due(db) == [nuevo.canal_id]
    assert check(nuevo) == "activo"


def test_barrido_finds_a_canal_whose_bell_was_lost(nuevo: Bot, bot: Bot, db: Database) -> None:
    assert due(db) == []
    with db.empresa(nuevo.empresa_id) as session:
        session.execute(text("UPDATE canal SET creado_en = creado_en - interval '2 seconds'"))
    assert due(db) == [nuevo.canal_id]


def test_credentials_that_came_meanwhile_are_not_judged_by_the_old_ones(
    nuevo: Bot, db: Database, check: Revisar, papel: CanalDePapel
) -> None:
    class Cambia(CanalDePapel):
        def check(self, *, webhook_url: str | None) -> str:
            with db.empresa(nuevo.empresa_id) as session:
                canal = session.get_one(Canal, (nuevo.empresa_id, nuevo.canal_id))
                canal.credenciales = b"otras"
            raise CredencialesRechazadas("viejo")

    cambia = Cambia()
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    ended = check_canal(
        db, settings, cambia.abrir, empresa_id=nuevo.empresa_id, canal_id=nuevo.canal_id
    )
    assert ended is None
    assert nuevo.canal().estado == "verificando"


def test_renewing_leaves_a_canal_active_while_its_provider_is_away(
    bot: Bot, check: Revisar, papel: CanalDePapel
) -> None:
    papel.fallas = [Unavailable("caído")]
    assert check(bot) is None
    assert check(bot, renovar=True) == "verificando"
    assert bot.canal().estado == "activo"
    assert check(bot, renovar=True) == "activo"


def test_new_credentials_read_their_stream_from_its_beginning(
    bot: Bot, nuevo: Bot, db: Database, check: Revisar
) -> None:
    lectura = read_lectura(db, empresa_id=bot.empresa_id, canal_id=bot.canal_id)
    assert lectura is not None
    advance_cursor(db, lectura.cuenta, cursor=700)
    assert bot.canal().cursor == 700
    with db.empresa(bot.empresa_id) as session:
        session.execute(
            text("UPDATE canal SET credenciales = 'otras', estado = 'verificando' WHERE id = :id"),
            {"id": bot.canal_id},
        )
    assert check(bot) == "activo"
    assert bot.canal().cursor == 0
    advance_cursor(db, lectura.cuenta, cursor=701)
    break_canal(db, lectura.cuenta, detalle="viejo")
    assert (bot.canal().cursor, bot.canal().estado) == (0, "activo"), "the old reader is fenced"


def test_only_active_canales_of_real_shops_are_polled(bot: Bot, nuevo: Bot, db: Database) -> None:
    assert active_canales(db, tipo="telegram") == {(bot.empresa_id, bot.canal_id)}
    assert read_lectura(db, empresa_id=nuevo.empresa_id, canal_id=nuevo.canal_id) is None
    with db.empresa(bot.empresa_id) as session:
        session.execute(text("UPDATE empresa SET efimera = true"))
    assert active_canales(db, tipo="telegram") == set()


def test_a_bot_is_verified_with_telegram_itself(
    nuevo: Bot, db: Database, ajustes: Settings, emulador: Emulador, cola: ColaEnMemoria
) -> None:
    settings = ajustes.model_copy(update={"telegram_api_url": emulador.url})
    servicios = Servicios(settings=settings, db=db, cola=cola)
    ids = {"empresa_id": nuevo.empresa_id, "canal_id": nuevo.canal_id}
    emulador.fail("getMe", api.ERROR_500)
    assert check_canal(db, settings, servicios.canales, **ids) == "verificando"
    nuevo.age(12)
    assert check_canal(db, settings, servicios.canales, **ids) == "activo"
    assert nuevo.canal().detalle == "@tienda_bot, por consulta periódica."
    assert emulador.llamadas == ["getMe", "getMe", "deleteWebhook"]
    assert TOKEN not in repr(nuevo.canal().detalle)
