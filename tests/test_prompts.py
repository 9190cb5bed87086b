"""/prompts: versions, who wins when two write, a preview that writes nothing, turns that use it."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import Engine, event, select

from core.agente.turno import Vendedor
from core.catalogo.busqueda.buscar import Buscador
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Mensaje, Prompt, Rol, TurnoRegistrado
from core.settings import Settings
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import CanalDePapel, ColaEnMemoria

HOLA = 'saludo: "¡Quiubo! Somos {tienda}."'


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


@pytest.fixture
def vendedor(tienda: Tienda, settings: Settings) -> Vendedor:
    return Vendedor(
        db=tienda.db,
        cola=ColaEnMemoria(),
        settings=settings.model_copy(update={"ventana_rafaga_ms": 0}),
        canales=CanalDePapel().abrir,
        buscador=Buscador(tienda.db),
        worker="w1",
    )


def put(client: FlaskClient, tienda: Tienda, contenido: str, **more: Any) -> Any:
    body = {"contenido": contenido, **more}
    return client.put("/prompts/respuestas", json=body, headers=tienda.headers())


def dice(vendedor: Vendedor, tienda: Tienda, texto: str, chat: str = "c-1") -> str:
    got = receive_mensaje(
        vendedor.db,
        ColaEnMemoria(),
        vendedor.settings,
        empresa_id=tienda.empresa_id,
        destino=Destino(chat_id=chat),
        texto=texto,
    )
    done = vendedor.answer_chat(empresa_id=tienda.empresa_id, chat_id=got.chat_pk)
    assert done.resultado is not None
    return done.resultado.respuesta


def test_what_was_never_changed_is_the_original(client: FlaskClient, tienda: Tienda) -> None:
    listed = get(client, "/prompts/", tienda.headers(Rol.OBSERVADOR))["elementos"]
    assert {"nombre": "respuestas", "version": 0, "propio": False} in listed
    shown = get(client, "/prompts/respuestas", tienda.headers(Rol.OBSERVADOR))
    assert shown["contenido"] == shown["original"]
    assert "saludo:" in shown["original"]
    assert get(client, "/prompts/respuestas/versiones", tienda.headers())["elementos"] == []
    assert client.get("/prompts/lexico", headers=tienda.headers()).status_code == 404


def test_versions_count_up_and_an_old_one_comes_back_as_a_new_one(
    client: FlaskClient, tienda: Tienda
) -> None:
    first = put(client, tienda, HOLA).json
    assert (first["version"], first["propio"], first["contenido"]) == (1, True, HOLA)
    assert put(client, tienda, HOLA).json["version"] == 1  # nothing new
    assert put(client, tienda, 'hola: "¡Ey!"').json["version"] == 2
    gone = client.delete("/prompts/respuestas", headers=tienda.headers()).json
    assert (gone["version"], gone["propio"]) == (3, False)
    assert gone["contenido"] == gone["original"]
    assert put(client, tienda, HOLA).json["version"] == 4
    page = get(client, "/prompts/respuestas/versiones?limite=3", tienda.headers())
    assert [(v["version"], v["contenido"]) for v in page["elementos"]] == [
        (4, HOLA),
        (3, None),
        (2, 'hola: "¡Ey!"'),
    ]
    rest = f"/prompts/respuestas/versiones?cursor={page['siguiente']}"
    assert [v["version"] for v in get(client, rest, tienda.headers())["elementos"]] == [1]


def test_who_did_not_see_the_version_in_force_is_told(client: FlaskClient, tienda: Tienda) -> None:
    assert put(client, tienda, HOLA, version_base=0).status_code == 200
    late = put(client, tienda, 'hola: "¡Ey!"', version_base=0)
    assert (late.status_code, late.json["codigo"]) == (409, "version_cambiada")
    assert get(client, "/prompts/respuestas", tienda.headers())["contenido"] == HOLA
    assert put(client, tienda, 'hola: "¡Ey!"', version_base=1).status_code == 200


def test_what_is_wrong_is_named_and_nothing_is_kept(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto("P-1", nombre="Pala redonda")
    for contenido, campo in (
        ('hola: "Todo a 5"', "hola"),
        ('hola: "Lleve la pala  REDONDA"', "contenido"),
        ('hola: "Compré {precio}"', "hola"),
    ):
        answer = put(client, tienda, contenido)
        assert (answer.status_code, answer.json["codigo"]) == (422, "datos_invalidos")
        assert [e["campo"] for e in answer.json["errores"]] == [campo]
    assert put(client, tienda, 'hola: "Las palas redondas no se nombran solas"').status_code == 200


def test_a_change_is_in_the_log_without_its_words(client: FlaskClient, tienda: Tienda) -> None:
    put(client, tienda, HOLA)
    client.delete("/prompts/respuestas", headers=tienda.headers())
    log = get(client, "/logs/", tienda.headers())["elementos"]
    assert [
        (e["accion"], e["objeto"], e["datos"]) for e in log if e["accion"].startswith("prompt")
    ] == [
        ("prompt.restaurar", "prompt:respuestas", {"version": 2}),
        ("prompt.escribir", "prompt:respuestas", {"version": 1}),
    ]


def test_the_next_message_hears_the_new_words_and_the_record_names_their_version(
    client: FlaskClient, tienda: Tienda, vendedor: Vendedor
) -> None:
    assert "Te atiende" in dice(vendedor, tienda, "hola")
    put(client, tienda, HOLA)
    assert dice(vendedor, tienda, "hola") == "¡Quiubo! Somos Ferretería."
    client.delete("/prompts/respuestas", headers=tienda.headers())
    assert "Te atiende" in dice(vendedor, tienda, "hola")
    with tienda.db.empresa(tienda.empresa_id) as session:
        kept = session.scalars(select(TurnoRegistrado.registro).order_by(TurnoRegistrado.id)).all()
    assert [r["chat"]["tienda"].get("prompts", {}) for r in kept] == [{}, {"respuestas": 1}, {}]
    assert all("propios" not in r["chat"]["tienda"] for r in kept)


def test_a_turn_asks_no_more_of_the_database_for_words_it_knows(
    client: FlaskClient, tienda: Tienda, vendedor: Vendedor
) -> None:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    def count(texto: str) -> int:
        statements.clear()
        dice(vendedor, tienda, texto)
        return len(statements)

    engine: Engine = vendedor.db.app_engine
    dice(vendedor, tienda, "hola")
    event.listen(engine, "before_cursor_execute", note)
    try:
        without = count("hola")
        put(client, tienda, HOLA)
        assert count("hola") > without  # read once
        assert count("hola") == without
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_preview_shows_each_turn_in_other_words_and_writes_nothing(
    client: FlaskClient, tienda: Tienda, vendedor: Vendedor
) -> None:
    tienda.producto("M-1", nombre="Martillo de uña")
    said = [dice(vendedor, tienda, t) for t in ("hola", "quiero 2 martillos", "sí")]
    before = rows(tienda)
    oferta = 'oferta: "{cantidad} de {nombre} a {precio} {cada}, total {total}. ¿Hecho?"'
    answer = client.post(
        "/prompts/respuestas/probar",
        json={"contenido": oferta, "chat_id": "c-1"},
        headers=tienda.headers(),
    )
    tried = answer.json["elementos"]
    assert [t["antes"] for t in tried] == said
    assert [t["cambia"] for t in tried] == [False, True, False]
    assert tried[1]["despues"] == (
        "2 unidades de Martillo de uña a $28.900 c/u, total $57.800. ¿Hecho?"
    )
    assert [t["rechazado"] for t in tried] == [False, False, False]
    assert rows(tienda) == before


def test_a_preview_says_what_the_verifier_would_not_let_out(
    client: FlaskClient, tienda: Tienda, vendedor: Vendedor
) -> None:
    tienda.producto("M-1", nombre="Martillo de uña")
    other = tienda.producto("M-2", nombre="Martillo de bola")
    dice(vendedor, tienda, "quiero 2 martillos de uña")
    client.delete(f"/productos/{other}", headers=tienda.headers())
    oferta = "{cantidad} de {nombre} a {precio}: {total}. ¿O un martillo de bola?"
    answer = client.post(
        "/prompts/respuestas/probar",
        json={"contenido": f'oferta: "{oferta}"', "chat_id": "c-1"},
        headers=tienda.headers(),
    )
    assert [t["rechazado"] for t in answer.json["elementos"]] == [True]


def test_a_preview_of_what_could_not_be_saved_is_refused(
    client: FlaskClient, tienda: Tienda, vendedor: Vendedor
) -> None:
    dice(vendedor, tienda, "hola")
    for body, status in (
        ({"contenido": 'hola: "5"', "chat_id": "c-1"}, 422),
        ({"contenido": HOLA, "chat_id": "c-2"}, 404),
    ):
        answer = client.post("/prompts/respuestas/probar", json=body, headers=tienda.headers())
        assert answer.status_code == status


def test_a_preview_is_paged(client: FlaskClient, tienda: Tienda, vendedor: Vendedor) -> None:
    for _ in range(3):
        dice(vendedor, tienda, "hola")
    body = {"contenido": HOLA, "chat_id": "c-1"}
    ruta = "/prompts/respuestas/probar?limite=2"
    first = client.post(ruta, json=body, headers=tienda.headers()).json
    rest = client.post(
        f"{ruta}&cursor={first['siguiente']}", json=body, headers=tienda.headers()
    ).json
    assert (len(first["elementos"]), len(rest["elementos"]), rest["siguiente"]) == (2, 1, None)


def rows(tienda: Tienda) -> tuple[int, ...]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        return tuple(
            len(session.execute(select(table)).all())
            for table in (Mensaje, TurnoRegistrado, Prompt)
        )
