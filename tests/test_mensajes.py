"""The message path on real PostgreSQL: stored once, answered once, in order, fenced."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, select, text, update

from core.agente.registrar import record_turno
from core.cuentas import create_canal, create_empresa
from core.db import Database
from core.errors import LeaseLost, StockInsuficiente
from core.mensajes.barrido import free_leases, ring_due_chats
from core.mensajes.cierre import quarantine, record_silence
from core.mensajes.historial import hand_back, read_eventos, read_mensajes, take_over
from core.mensajes.recibir import Destino, Recibido, receive_mensaje
from core.mensajes.turnos import (
    TurnoSuperado,
    TurnoTomado,
    release_chat,
    take_chat,
)
from core.models import Chat, Mensaje, Movimiento, Producto, TipoCanal, Venta
from core.ports import LineaPedida, Resultado, Tarea
from core.settings import Settings
from tests.fakes import CifradoDePapel, ColaEnMemoria

Recibe = Callable[..., Recibido]


@pytest.fixture
def ajustes(settings: Settings) -> Settings:
    """No burst window: what is stored is due."""
    return settings.model_copy(update={"ventana_rafaga_ms": 0})


@pytest.fixture
def cola() -> ColaEnMemoria:
    return ColaEnMemoria()


@pytest.fixture
def empresa_id(db: Database) -> int:
    return create_empresa(db, nombre="Ferretería Prueba").empresa_id


@pytest.fixture
def recibe(db: Database, cola: ColaEnMemoria, ajustes: Settings, empresa_id: int) -> Recibe:
    def write(texto: str, chat: str = "c1", **how: object) -> Recibido:
        return receive_mensaje(
            db,
            cola,
            ajustes,
            empresa_id=empresa_id,
            destino=Destino(chat_id=chat),
            texto=texto,
            **how,  # type: ignore[arg-type]
        )

    return write


@pytest.fixture
def martillo(db: Database, empresa_id: int) -> int:
    with db.empresa(empresa_id) as session:
        producto = Producto(
            empresa_id=empresa_id,
            clave="m1",
            nombre="Martillo",
            precio=Decimal("100.00"),
            moneda="COP",
            stock=Decimal(7),
        )
        session.add(producto)
        session.flush()
        session.add(
            Movimiento(empresa_id=empresa_id, producto_id=producto.id, cantidad=7, motivo="alta")
        )
        return producto.id


def toma(
    db: Database, ajustes: Settings, got: Recibido, empresa_id: int, *, solo: bool = False
) -> TurnoTomado:
    turno = take_chat(
        db, ajustes, empresa_id=empresa_id, chat_id=got.chat_pk, worker="w1", solo=solo
    )
    assert turno is not None
    return turno


def dice(texto: str, **how: object) -> Resultado:
    return Resultado(texto, {"n": 1}, "ninguna", **how)  # type: ignore[arg-type]


def historia(db: Database, empresa_id: int, chat_pk: int) -> list[tuple[str, str]]:
    with db.empresa(empresa_id) as session:
        found = read_mensajes(session, empresa_id=empresa_id, chat_pk=chat_pk)
        return [(m.remitente, m.texto) for m in found]


def expire_lease(settings: Settings) -> None:
    owner = create_engine(settings.owner_url.set(username="postgres"))
    with owner.begin() as connection:
        connection.execute(text("UPDATE chat SET lease_hasta = now() - interval '1 second'"))
    owner.dispose()


def test_a_redelivered_message_is_one_row_and_the_first_text_wins(
    db: Database, recibe: Recibe, empresa_id: int
) -> None:
    first = recibe("hola", id_externo="x1")
    again = recibe("otra cosa", id_externo="x1")
    assert again.mensaje_id == first.mensaje_id
    assert (first.nuevo, again.nuevo) == (True, False)
    assert historia(db, empresa_id, first.chat_pk) == [("usuario", "hola")]


def test_the_same_message_on_eight_connections_at_once_is_one_row(
    db: Database, recibe: Recibe, empresa_id: int
) -> None:
    gate = threading.Barrier(8)

    def write(_: int) -> int:
        gate.wait()
        return recibe("hola", id_externo="x1").mensaje_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(write, range(8)))
    assert len(ids) == 1
    with db.empresa(empresa_id) as session:
        chat = session.scalars(select(Chat)).one()
        assert (chat.pendientes, chat.ultimo_orden, chat.ultimo_evento) == (1, 1, 1)


def test_a_burst_is_one_turn_and_one_answer(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = [recibe(t) for t in ("hola", "quiero clavos", "de 2 pulgadas")][-1]
    turno = toma(db, ajustes, got, empresa_id)
    assert [m.texto for m in turno.mensajes] == ["hola", "quiero clavos", "de 2 pulgadas"]
    done = record_turno(db, turno, dice("Claro."))
    assert done.pendientes == 0
    assert historia(db, empresa_id, got.chat_pk)[-1] == ("bot", "Claro.")
    with db.empresa(empresa_id) as session:
        asked = session.scalars(select(Mensaje).where(Mensaje.remitente == "usuario")).all()
        assert {m.respuesta_id for m in asked} == {done.respuesta_id}
        assert {m.estado for m in asked} == {"procesado"}
        eventos = read_eventos(session, empresa_id=empresa_id, chat_pk=got.chat_pk, after=0)
        assert [e.n for e in eventos] == [1, 2, 3, 4]


def test_messages_are_read_in_the_provider_s_order(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("segundo", orden_externo=12)
    recibe("primero", orden_externo=11)
    turno = toma(db, ajustes, got, empresa_id)
    assert [m.texto for m in turno.mensajes] == ["primero", "segundo"]


def test_a_leased_chat_is_nobody_else_s(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("hola")
    toma(db, ajustes, got, empresa_id)
    again = take_chat(
        db, ajustes, empresa_id=empresa_id, chat_id=got.chat_pk, worker="w2", solo=False
    )
    assert again is None


def test_a_message_that_arrives_during_the_turn_restarts_it_twice_at_most(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("uno")
    for n in range(2):
        turno = toma(db, ajustes, got, empresa_id)
        recibe(f"más {n}")
        with pytest.raises(TurnoSuperado):
            record_turno(db, turno, dice("tarde"))
        release_chat(db, turno, reinicio=True)
    turno = toma(db, ajustes, got, empresa_id)
    assert len(turno.mensajes) == 3
    recibe("el último")
    done = record_turno(db, turno, dice("a los tres"))
    assert done.pendientes == 1
    assert toma(db, ajustes, got, empresa_id).mensajes[0].texto == "el último"


def test_a_worker_that_slept_through_its_lease_records_nothing(
    db: Database,
    recibe: Recibe,
    cola: ColaEnMemoria,
    ajustes: Settings,
    settings: Settings,
    empresa_id: int,
    martillo: int,
) -> None:
    got = recibe("sí")
    zombie = toma(db, ajustes, got, empresa_id)
    expire_lease(settings)
    ring_due_chats(db, cola, ajustes)
    newer = toma(db, ajustes, got, empresa_id, solo=True)
    record_turno(db, newer, dice("la buena"))
    sale = dice(
        "la del zombi", vender=(LineaPedida(martillo, Decimal(1), Decimal(100)),), oferta_n=1
    )
    with pytest.raises(LeaseLost):
        record_turno(db, zombie, sale)
    assert historia(db, empresa_id, got.chat_pk) == [("usuario", "sí"), ("bot", "la buena")]
    with db.empresa(empresa_id) as session:
        assert session.scalars(select(Venta)).all() == []
        assert session.get_one(Producto, (empresa_id, martillo)).stock == 7


def test_one_proposal_confirmed_twice_is_one_sale(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int, martillo: int
) -> None:
    lines = (LineaPedida(martillo, Decimal(3), Decimal(100)),)
    ids = []
    for word in ("sí", "sí sí"):
        turno = toma(db, ajustes, recibe(word), empresa_id)
        ids.append(record_turno(db, turno, dice("ok", vender=lines, oferta_n=4)).venta_id)
    assert ids[0] == ids[1]
    with db.empresa(empresa_id) as session:
        assert session.get_one(Producto, (empresa_id, martillo)).stock == 4
        moves = session.scalars(select(Movimiento.cantidad)).all()
        assert sum(moves) == 4


def test_a_sale_beyond_the_stock_records_nothing_at_all(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int, martillo: int
) -> None:
    got = recibe("sí")
    turno = toma(db, ajustes, got, empresa_id)
    lines = (LineaPedida(martillo, Decimal(8), Decimal(100)),)
    with pytest.raises(StockInsuficiente) as caught:
        record_turno(db, turno, dice("vendido", vender=lines, oferta_n=1))
    assert caught.value.faltantes[0]["disponible"] == 7
    assert historia(db, empresa_id, got.chat_pk) == [("usuario", "sí")]


def test_stock_is_never_oversold_by_many_chats_at_once(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int, martillo: int
) -> None:
    turnos = [toma(db, ajustes, recibe("sí", f"c{n}"), empresa_id) for n in range(20)]
    lines = (LineaPedida(martillo, Decimal(1), Decimal(100)),)

    def sell(turno: TurnoTomado) -> bool:
        try:
            record_turno(db, turno, dice("ok", vender=lines, oferta_n=1))
        except StockInsuficiente:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        sold = sum(pool.map(sell, turnos))
    assert sold == 7
    with db.empresa(empresa_id) as session:
        assert session.get_one(Producto, (empresa_id, martillo)).stock == 0
        assert sum(session.scalars(select(Movimiento.cantidad))) == 0


def test_a_message_alone_has_five_attempts_and_then_harms_nobody(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("veneno")
    recibe("inocente")
    release_chat(db, toma(db, ajustes, got, empresa_id), solo=True)
    for _ in range(ajustes.turno_intentos):
        turno = toma(db, ajustes, got, empresa_id, solo=True)
        assert [m.texto for m in turno.mensajes] == ["veneno"]
        assert not turno.agotado
        release_chat(db, turno, solo=True)  # as after a death: counted, nothing recorded
    turno = toma(db, ajustes, got, empresa_id, solo=True)
    assert turno.agotado
    assert quarantine(db, turno, "Perdona.").pendientes == 1
    turno = toma(db, ajustes, got, empresa_id, solo=True)
    assert [m.texto for m in turno.mensajes] == ["inocente"]
    record_turno(db, turno, dice("Hola."))
    with db.empresa(empresa_id) as session:
        chat = session.scalars(select(Chat)).one()
        assert (chat.pendientes, chat.solo, chat.espera_humano) == (0, False, True)
        states = dict(
            session.execute(
                select(Mensaje.texto, Mensaje.estado).where(Mensaje.remitente == "usuario")
            ).all()
        )
        assert states == {"veneno": "cuarentena", "inocente": "procesado"}


def test_an_outage_of_the_neighbours_burns_no_attempt(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("hola")
    release_chat(db, toma(db, ajustes, got, empresa_id), solo=True)
    for _ in range(ajustes.turno_intentos + 2):
        turno = toma(db, ajustes, got, empresa_id, solo=True)
        assert not turno.agotado
        release_chat(db, turno, forgive=True)


def test_taking_a_chat_cancels_the_running_turn_and_silences_the_bot(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("quiero hablar con alguien")
    running = toma(db, ajustes, got, empresa_id)
    with db.empresa(empresa_id) as session:
        take_over(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
    with pytest.raises(LeaseLost):
        record_turno(db, running, dice("no debe salir"))
    silent = toma(db, ajustes, got, empresa_id)
    assert not silent.ia_activa
    record_silence(db, silent)
    assert historia(db, empresa_id, got.chat_pk) == [("usuario", "quiero hablar con alguien")]
    with db.empresa(empresa_id) as session:
        hand_back(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
    turno = toma(db, ajustes, recibe("¿sigues?"), empresa_id)
    assert turno.ia_activa
    assert [m.texto for m in turno.mensajes] == ["¿sigues?"]


def test_a_poison_in_a_taken_chat_is_set_aside_in_silence(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("veneno")
    release_chat(db, toma(db, ajustes, got, empresa_id), solo=True)
    with db.empresa(empresa_id) as session:
        session.execute(update(Mensaje).values(intentos=ajustes.turno_intentos))
        take_over(session, empresa_id=empresa_id, chat_id="c1", actor="usuario:1")
    turno = toma(db, ajustes, got, empresa_id, solo=True)
    assert turno.agotado
    quarantine(db, turno, "no debe salir")
    assert historia(db, empresa_id, got.chat_pk) == [("usuario", "veneno")]
    with db.empresa(empresa_id) as session:
        chat = session.scalars(select(Chat)).one()
        assert (chat.pendientes, chat.solo, chat.espera_humano) == (0, False, False)


def test_a_customer_is_heard_though_their_chat_s_name_is_taken(
    db: Database, recibe: Recibe, cola: ColaEnMemoria, ajustes: Settings, empresa_id: int
) -> None:
    with db.empresa(empresa_id) as session:
        canal_id = create_canal(
            session,
            CifradoDePapel(),
            empresa_id=empresa_id,
            tipo=TipoCanal.TELEGRAM,
            nombre="Bot",
            credenciales={"token": "1:de-prueba"},
            actor="usuario:1",
        ).id
    other = recibe("hola", chat=f"{canal_id}-42")
    destino = Destino(canal_id=canal_id, externo="42")
    got = [
        receive_mensaje(db, cola, ajustes, empresa_id=empresa_id, destino=destino, texto="hola")
        for _ in range(2)
    ]
    assert got[0].chat_pk == got[1].chat_pk != other.chat_pk


def test_a_chat_that_somebody_holds_does_not_stop_the_sweep_of_the_others(
    db: Database, recibe: Recibe, cola: ColaEnMemoria, ajustes: Settings, empresa_id: int
) -> None:
    held, due = recibe("hola", chat="tomado"), recibe("hola", chat="libre")
    with db.empresa(empresa_id) as session:
        before = text("now() - interval '3 seconds'")
        session.execute(update(Chat).values(turno_desde=before))
        session.execute(update(Chat).where(Chat.id == held.chat_pk).values(lease_hasta=before))
    cola.timbres.clear()
    with db.empresa(empresa_id) as session:
        session.execute(select(Chat).where(Chat.id == held.chat_pk).with_for_update())
        assert ring_due_chats(db, cola, ajustes) == 1
    assert cola.timbres[0][1]["chat_id"] == due.chat_pk
    assert ring_due_chats(db, cola, ajustes) == 1
    assert cola.timbres[1] == (
        Tarea.ANSWER_CHAT_SOLO,
        {"empresa_id": empresa_id, "chat_id": held.chat_pk},
    )


def test_barrido_rings_for_a_lost_bell_and_not_for_a_fresh_one(
    db: Database, recibe: Recibe, cola: ColaEnMemoria, ajustes: Settings, settings: Settings
) -> None:
    got = recibe("hola")
    cola.timbres.clear()
    assert ring_due_chats(db, cola, ajustes) == 0
    owner = create_engine(settings.owner_url.set(username="postgres"))
    with owner.begin() as connection:
        connection.execute(text("UPDATE chat SET turno_desde = now() - interval '3 seconds'"))
    owner.dispose()
    assert ring_due_chats(db, cola, ajustes) == 1
    assert cola.timbres[0][0] == Tarea.ANSWER_CHAT
    assert cola.timbres[0][1]["chat_id"] == got.chat_pk
    assert ring_due_chats(db, cola, ajustes) == 0, "a queue that is merely long is not flooded"


def test_a_restarted_process_frees_what_it_held(
    db: Database, recibe: Recibe, ajustes: Settings, empresa_id: int
) -> None:
    got = recibe("hola")
    toma(db, ajustes, got, empresa_id)
    assert free_leases(db, worker="otro") == 0
    assert free_leases(db, worker="w1") == 1
    assert toma(db, ajustes, got, empresa_id, solo=True).mensajes[0].texto == "hola"
