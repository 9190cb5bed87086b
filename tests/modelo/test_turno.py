"""A model in whole turns over PostgreSQL: paid once, capped, on time, and never missed (P9)."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text, update

from core.agente.modelo.cuaderno import CuadernoDeTurno, Recuerdo, Tarifa, tope_de
from core.agente.modelo.por_turno import PorTurno
from core.agente.turno import Desenlace, Vendedor
from core.catalogo.busqueda.buscar import Buscador
from core.cuentas import create_empresa
from core.db import Database
from core.mensajes.barrido import free_leases
from core.mensajes.charla import read_charla
from core.mensajes.olvido import erase_chat, forget_turnos, ring_old_turnos
from core.mensajes.recibir import Destino, Recibido, receive_mensaje
from core.mensajes.turnos import release_chat, take_chat
from core.models import (
    Chat,
    ConsumoModelo,
    Empresa,
    Mensaje,
    Movimiento,
    Producto,
    RespuestaGuardada,
    TurnoRegistrado,
)
from core.ports import RespuestaModelo, Tarea
from core.settings import Settings
from tests.fakes import CanalDePapel, ColaEnMemoria, CuadernoDePapel, MetricasEnMemoria
from tests.modelo.servidor import CUELGA, Guion, Paso, error, responde
from tests.modelo.tienda import leido

RARO = "tengo el pasto todo seco y quiero regarlo con manguera o así"
MANGUERA = leido("consulta_producto", {"producto": "manguera de riego"})
_PRODUCTOS = ("Manguera de riego", "Martillo de goma", "Semilla de pasto")


@pytest.fixture
def ajustes(settings: Settings) -> Settings:
    return settings.model_copy(update={"ventana_rafaga_ms": 0, "llm_redactar": False})


def open_shop(db: Database, nombre: str, *productos: str) -> int:
    empresa_id = create_empresa(db, nombre=nombre).empresa_id
    with db.empresa(empresa_id) as session:
        for n, producto in enumerate(productos):
            row = Producto(
                empresa_id=empresa_id,
                clave=f"p{n}",
                sku=f"P{n}",
                nombre=producto,
                precio=Decimal("100.00"),
                moneda="COP",
                stock=Decimal(7),
            )
            session.add(row)
            session.flush()
            session.add(
                Movimiento(empresa_id=empresa_id, producto_id=row.id, cantidad=7, motivo="alta")
            )
    return empresa_id


@pytest.fixture
def empresa_id(db: Database) -> int:
    return open_shop(db, "Ferretería Prueba", *_PRODUCTOS)


@pytest.fixture
def dice(db: Database, ajustes: Settings, empresa_id: int) -> Callable[..., Recibido]:
    def write(texto: str, chat: str = "c1", empresa: int | None = None) -> Recibido:
        return receive_mensaje(
            db,
            ColaEnMemoria(),
            ajustes,
            empresa_id=empresa or empresa_id,
            destino=Destino(chat_id=chat),
            texto=texto,
        )

    return write


Contesta = Callable[..., Desenlace]


@pytest.fixture
def contesta(db: Database, ajustes: Settings, empresa_id: int, guion: Guion) -> Contesta:
    """The worker answers the chat, with the scripted model at hand."""
    modelo = guion.open()

    def answer(got: Recibido, *, empresa: int | None = None, **how: Any) -> Desenlace:
        solo = how.pop("solo", False)
        settings = ajustes.model_copy(update=how)
        seller = Vendedor(
            db=db,
            cola=ColaEnMemoria(),
            settings=settings,
            canales=CanalDePapel().abrir,
            buscador=Buscador(db),
            worker="w1",
            motor=PorTurno(modelo, db, settings, MetricasEnMemoria()),
        )
        return seller.answer_chat(empresa_id=empresa or empresa_id, chat_id=got.chat_pk, solo=solo)

    return answer


def row(db: Database, empresa_id: int, table: Any) -> Any:
    with db.empresa(empresa_id) as session:
        found = session.scalars(select(table)).one()
        session.expunge(found)
        return found


def said(ended: Desenlace) -> str:
    assert ended.error is None, ended.error
    assert ended.resultado is not None
    return ended.resultado.respuesta


def in_transaction(settings: Settings) -> int:
    owner = create_engine(settings.owner_url.set(username="postgres"))
    with owner.connect() as connection:
        found = connection.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
        )
    owner.dispose()
    return int(found or 0)


def test_the_reading_decides_the_record_tells_and_no_transaction_waits_for_it(
    db: Database, settings: Settings, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    waiting: list[int] = []

    def think(_: Any) -> Paso:
        waiting.append(in_transaction(settings))
        return responde(MANGUERA)

    guion.pasos += [think]
    ended = contesta(dice(RARO), llm_precio_entrada=Decimal(2), llm_precio_salida=Decimal(8))
    assert "Manguera de riego" in said(ended)
    assert waiting == [0]
    turno = row(db, empresa_id, TurnoRegistrado)
    assert (turno.motor, turno.acto) == ("m", "consulta_producto")
    assert (turno.tokens_entrada, turno.tokens_salida) == (100, 10)
    assert turno.costo == Decimal("0.000280")
    consumo = row(db, empresa_id, ConsumoModelo)
    assert (consumo.llamadas, consumo.tokens_entrada, consumo.tokens_salida) == (1, 100, 10)
    assert consumo.costo == Decimal("0.000280")


def test_a_turn_that_lost_its_lease_is_run_again_without_asking_again(
    db: Database, ajustes: Settings, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    got = dice(RARO)
    another: list[Any] = []

    def think(_: Any) -> Paso:
        free_leases(db, worker="w1")
        another.append(
            take_chat(
                db, ajustes, empresa_id=empresa_id, chat_id=got.chat_pk, worker="w2", solo=True
            )
        )
        return responde(MANGUERA)

    guion.pasos += [think]
    assert contesta(got).estado == "perdido"
    release_chat(db, another[0])
    ended = contesta(got, solo=True)
    assert "Manguera de riego" in said(ended)
    assert len(guion.pedidos) == 1
    assert row(db, empresa_id, ConsumoModelo).llamadas == 1


@pytest.mark.parametrize(
    "falla", [error(500), error(429, Retry_After="60"), error(401), error(400, "too long"), CUELGA]
)
def test_a_model_that_fails_is_not_noticed_and_burns_no_attempt(
    db: Database, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta, falla: Paso
) -> None:
    guion.pasos += [falla] * (3 if falla.estado == 500 else 1)
    ended = contesta(dice(RARO), llm_segundos=1.6 if falla.cuelga else 8.0)
    assert ended.estado == "respondido"
    assert "No encontré" in said(ended)
    assert row(db, empresa_id, TurnoRegistrado).motor == "offline"
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(Mensaje.intentos).distinct()).all() == [0]
        assert session.scalars(select(ConsumoModelo)).all() == []


def test_a_turn_with_little_time_left_asks_nobody(
    guion: Guion, dice: Any, contesta: Contesta
) -> None:
    assert "No encontré" in said(contesta(dice(RARO), turno_segundos=3.0))
    assert guion.pedidos == []


@pytest.mark.parametrize(
    ("how", "tope", "asks"),
    [
        ({"llm_tope_mensual": Decimal(150)}, None, 2),  # tokens: 110 a call
        ({"llm_tope_mensual": Decimal(150)}, 1, 1),
        ({"llm_tope_mensual": Decimal(150)}, "1000", 3),
        ({"llm_tope_mensual": Decimal(0)}, None, 0),
        ({"llm_precio_entrada": Decimal(10_000)}, 2, 2),  # money: 1 a call
        ({}, None, 3),
    ],
)
def test_beyond_the_month_s_cap_the_rules_answer_alone(
    db: Database,
    empresa_id: int,
    guion: Guion,
    dice: Any,
    contesta: Contesta,
    how: dict[str, Any],
    tope: Any,
    asks: int,
) -> None:
    if tope is not None:
        with db.empresa(empresa_id) as session:
            session.execute(update(Empresa).values(ajustes={"tope_modelo_mensual": tope}))
    guion.pasos += [responde(MANGUERA)] * asks
    for n in range(3):
        ended = contesta(dice(RARO, f"c{n}"), **how)
        assert ("No encontré" in said(ended)) is (n >= asks)


def test_last_month_s_bill_is_last_month_s(
    db: Database, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    with db.empresa(empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO consumo_modelo SELECT :e, (date_trunc('month', now() AT TIME ZONE "
                "'UTC') - interval '1 month')::date, 9, 9000, 9000, 0"
            ),
            {"e": empresa_id},
        )
    guion.pasos += [responde(MANGUERA)]
    assert "Manguera" in said(contesta(dice(RARO), llm_tope_mensual=Decimal(100)))


@pytest.mark.parametrize("wrong", ["mucho", True, [], -1, "NaN", None])
def test_a_cap_that_is_no_amount_is_the_installation_s(wrong: Any) -> None:
    assert tope_de({"tope_modelo_mensual": wrong}, Decimal(5)) == 5


def test_a_model_sees_the_rows_of_its_own_empresa_only(
    db: Database, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    other = open_shop(db, "La Otra", "Semilla secreta de pasto")
    guion.pasos += [responde(MANGUERA), responde(leido("otro"))]
    contesta(dice(RARO))
    contesta(dice(RARO, empresa=other), empresa=other)
    mine, theirs = (json.dumps(p, ensure_ascii=False) for p in guion.pedidos)
    assert "Semilla de pasto" in mine
    assert "secreta" not in mine
    assert "La Otra" not in mine
    assert "Semilla secreta" in theirs


def test_the_end_of_a_chat_is_read_whole_and_the_rest_as_acts(
    db: Database, ajustes: Settings, empresa_id: int, dice: Any, contesta: Contesta
) -> None:
    for texto in ("hola", "quiero 2 martillos de goma", "sí"):
        contesta(dice(texto))
    got = dice("una cosa más")
    turno = take_chat(
        db, ajustes, empresa_id=empresa_id, chat_id=got.chat_pk, worker="w", solo=False
    )
    assert turno is not None
    charla = read_charla(db, turno, ultimos=2)
    assert [d.remitente for d in charla.ultimos] == ["usuario", "bot"]
    assert charla.ultimos[0].texto == "sí"
    assert [(t.acto, t.productos) for t in charla.antes] == [
        ("saludo", ()),
        ("pedido", ("martillos de goma",)),
    ]


# --- the notebook ------------------------------------------------------------------------------


@pytest.fixture(params=["papel", "postgres"])
def cuaderno(request: pytest.FixtureRequest) -> Any:
    if request.param == "papel":
        return CuadernoDePapel()
    db, empresa_id = request.getfixturevalue("db"), request.getfixturevalue("empresa_id")
    got = request.getfixturevalue("dice")("hola")
    return CuadernoDeTurno(
        db, empresa_id, got.chat_pk, got.mensaje_id, tope=Decimal(9), en_moneda=False
    )


def test_the_first_answer_to_a_question_stands(cuaderno: Any) -> None:
    assert cuaderno.recall("leer", "h") == Recuerdo()
    first = RespuestaModelo("m", "¡Hola!", {"acto": "saludo"})
    assert cuaderno.keep("leer", "h", first, Decimal(1)) == first
    assert cuaderno.keep("leer", "h", RespuestaModelo("m", "otra"), Decimal(1)) == first
    assert cuaderno.recall("leer", "h").respuesta == first
    for paso, huella in (("redactar", "h"), ("leer", "i")):
        assert cuaderno.recall(paso, huella).respuesta is None


def test_what_was_answered_goes_with_its_chat_and_the_bill_stays(
    db: Database, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    guion.pasos += [responde(MANGUERA)]
    contesta(dice(RARO))
    assert row(db, empresa_id, RespuestaGuardada).respuesta["datos"]["acto"] == "consulta_producto"
    with db.empresa(empresa_id) as session:
        session.execute(text("DELETE FROM mensaje"))
        session.execute(text("DELETE FROM chat"))
        assert session.scalars(select(RespuestaGuardada)).all() == []
        assert session.scalars(select(Chat)).all() == []
    assert row(db, empresa_id, ConsumoModelo).llamadas == 1


def test_prices_are_of_a_million_tokens() -> None:
    answer = RespuestaModelo("m", tokens_entrada=1_000_000, tokens_salida=500_000)
    assert Tarifa(Decimal("0.4"), Decimal("1.6")).cost(answer) == Decimal("1.2")
    assert Tarifa().cost(answer) == 0


def test_old_answers_are_forgotten_with_the_records_of_their_turns(
    db: Database, ajustes: Settings, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    guion.pasos += [responde(MANGUERA)] * 2
    contesta(dice(RARO, "c1"))
    contesta(dice(RARO, "c2"))
    with db.empresa(empresa_id) as session:
        session.execute(text("DELETE FROM turno"))
        session.execute(
            text(
                "UPDATE respuesta_modelo SET creado_en = now() - interval '91 days' "
                "WHERE mensaje_id = (SELECT min(mensaje_id) FROM respuesta_modelo)"
            )
        )
    cola = ColaEnMemoria()
    assert ring_old_turnos(db, cola, ajustes) == 1
    assert cola.timbres == [(Tarea.FORGET_TURNOS, {"empresa_id": empresa_id})]
    for _ in range(2):
        forget_turnos(db, ajustes, empresa_id=empresa_id)
        assert row(db, empresa_id, RespuestaGuardada).modelo == "m"
    assert ring_old_turnos(db, ColaEnMemoria(), ajustes) == 0


def test_a_chat_erased_while_a_model_thinks_keeps_nothing_of_it(
    db: Database, empresa_id: int, guion: Guion, dice: Any, contesta: Contesta
) -> None:
    got = dice(RARO)

    def think(_: Any) -> Paso:
        with db.empresa(empresa_id) as session:
            erase_chat(session, empresa_id=empresa_id, chat_id="c1", actor="x")
        return responde(MANGUERA)

    guion.pasos += [think]
    assert contesta(got).estado == "perdido"
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(RespuestaGuardada)).all() == []
