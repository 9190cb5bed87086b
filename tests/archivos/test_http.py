"""Photos and recordings over HTTP: stored before the 2xx, shown when clean and to few."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core.archivos.guardar import keep_limpio
from core.archivos.limpiar import Limpio
from core.models import Archivo, Mensaje, Rol
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.archivos.muestras import AUDIOS, foto

FOTO = foto()
OGG = AUDIOS["audio/ogg"]


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


@pytest.fixture
def servicios(app: Flask) -> Iterator[Servicios]:
    found: Servicios = app.extensions["servicios"]
    before = found.settings
    yield found
    found.settings = before


def manda(
    client: FlaskClient, headers: dict[str, str], ruta: str, contenido: bytes, **form: Any
) -> Any:
    # By hand: the test client keeps a large form in a temporary file that it never closes.
    part = b'--b\r\nContent-Disposition: form-data; name="%s"'
    body = b"".join(
        part % name.encode() + b"\r\n\r\n" + value.encode() + b"\r\n"
        for name, value in {"chat_id": "c-1", **form}.items()
    )
    body += part % b"archivo" + b'; filename="../../x.exe"\r\n\r\n' + contenido + b"\r\n--b--\r\n"
    return client.post(
        ruta, data=body, content_type="multipart/form-data; boundary=b", headers=headers
    )


def archivos(tienda: Tienda) -> list[Archivo]:
    with tienda.db.empresa(tienda.empresa_id) as session:
        found = list(session.scalars(select(Archivo).order_by(Archivo.id)))
        session.expunge_all()
        return found


def limpia(tienda: Tienda, limpio: Limpio, tipo: str = "audio") -> int:
    """What a turn does with the file that came last; its id."""
    row = archivos(tienda)[-1]
    ids = {"empresa_id": tienda.empresa_id, "mensaje_id": row.mensaje_id}
    keep_limpio(tienda.db, limpio, tipo=tipo, **ids)
    return row.id


def test_a_photo_is_a_message_with_its_file_and_once(client: FlaskClient, tienda: Tienda) -> None:
    headers = tienda.cliente_headers()
    first = manda(
        client, headers, "/chat/imagen", FOTO, mensaje="¿tienen de estos?", id_externo="a"
    )
    again = manda(client, headers, "/chat/imagen", foto(size=(9, 9)), id_externo="a")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json == again.json
    assert first.json["estado"] == "encolado"
    [row] = archivos(tienda)
    assert (row.mensaje_id, row.estado, row.mime, row.bytes) == (
        first.json["mensaje_id"],
        "recibido",
        "image/jpeg",
        len(FOTO),
    )
    [mensaje] = get(client, "/chat/historial/c-1", headers)["mensajes"]
    assert (mensaje["tipo"], mensaje["mensaje"]) == ("imagen", "¿tienen de estos?")
    assert mensaje["archivo"]["id"] == row.id


@pytest.mark.parametrize("mime", AUDIOS)
def test_a_recording_of_every_kind_is_taken(client: FlaskClient, tienda: Tienda, mime: str) -> None:
    answer = manda(client, tienda.headers(Rol.VENDEDOR), "/chat/audio", AUDIOS[mime])
    assert answer.status_code == 202, answer.text
    assert [a.mime for a in archivos(tienda)] == [mime]


@pytest.mark.parametrize(
    ("ruta", "contenido", "espera"),
    [
        ("/chat/imagen", OGG, (415, "tipo_no_admitido")),
        ("/chat/audio", FOTO, (415, "tipo_no_admitido")),
        ("/chat/imagen", b"<svg onload=alert(1)>", (415, "tipo_no_admitido")),
        ("/chat/imagen", b"", (422, "datos_invalidos")),
        ("/chat/imagen", FOTO + bytes(10 * 1024 * 1024), (413, "demasiado_grande")),
        ("/chat/audio", OGG + bytes(25 * 1024 * 1024), (413, "demasiado_grande")),
    ],
    ids=["voice as photo", "photo as voice", "svg", "empty", "big photo", "big voice"],
)
def test_what_is_not_taken_says_why_and_is_not_stored(
    client: FlaskClient, tienda: Tienda, ruta: str, contenido: bytes, espera: tuple[int, str]
) -> None:
    answer = manda(client, tienda.headers(Rol.VENDEDOR), ruta, contenido)
    assert (answer.status_code, answer.json["codigo"]) == espera
    assert archivos(tienda) == []
    with tienda.db.empresa(tienda.empresa_id) as session:
        assert session.scalars(select(Mensaje.id)).all() == []


def test_a_form_without_its_file_or_with_a_text_for_it_is_bad_data(
    client: FlaskClient, tienda: Tienda
) -> None:
    headers = tienda.headers(Rol.VENDEDOR)
    for data in ({"chat_id": "c-1"}, {"chat_id": "c-1", "archivo": "x"}):
        answer = client.post("/chat/audio", data=data, headers=headers)
        assert (answer.status_code, answer.json["codigo"]) == (422, "datos_invalidos")


def test_an_hour_has_room_for_so_many(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    servicios.settings = servicios.settings.model_copy(update={"archivos_por_hora": 2})
    headers = tienda.cliente_headers()
    sent = [manda(client, headers, "/chat/audio", OGG) for _ in range(3)]
    assert [a.status_code for a in sent] == [202, 202, 429]
    assert "Retry-After" in sent[2].headers
    other = tienda.cliente_headers("c-2")
    assert manda(client, other, "/chat/audio", OGG, chat_id="c-2").status_code == 202
    servicios.settings = servicios.settings.model_copy(update={"archivos_bytes_por_hora": 1})
    assert manda(client, other, "/chat/audio", OGG, chat_id="c-2").status_code == 429


def test_one_customer_cannot_use_up_the_hour_of_a_whole_shop(
    client: FlaskClient, tienda: Tienda, servicios: Servicios
) -> None:
    room = {"archivos_bytes_por_hora": 10 * len(OGG)}
    servicios.settings = servicios.settings.model_copy(update=room)
    headers, other = tienda.cliente_headers(), tienda.cliente_headers("c-2")
    sent = [manda(client, headers, "/chat/audio", OGG).status_code for _ in range(2)]
    assert sent == [202, 429]
    assert manda(client, other, "/chat/audio", OGG, chat_id="c-2").status_code == 202


def test_nobody_is_shown_what_was_not_cleaned(client: FlaskClient, tienda: Tienda) -> None:
    manda(client, tienda.cliente_headers(), "/chat/audio", OGG)
    [row] = archivos(tienda)
    for headers in (tienda.cliente_headers(), tienda.headers()):
        answer = client.get(f"/archivos/{row.id}", headers=headers)
        assert (answer.status_code, answer.json["codigo"]) == (409, "archivo_no_listo")
        assert answer.json["estado"] == "recibido"  # it may still come; a refused one never


def test_a_clean_one_is_shown_inert_to_the_shop_and_its_customer_only(
    client: FlaskClient, app: Flask, tienda: Tienda
) -> None:
    manda(client, tienda.cliente_headers(), "/chat/audio", OGG)
    id_ = limpia(tienda, Limpio("audio/ogg", OGG[:400]))
    for headers in (tienda.cliente_headers(), tienda.headers(Rol.OBSERVADOR)):
        answer = client.get(f"/archivos/{id_}", headers=headers)
        assert (answer.status_code, answer.data) == (200, OGG[:400])
        assert answer.content_type == "audio/ogg"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{id_}.ogg"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cache-Control"] == "private, no-store"
    never = client.get("/archivos/999999", headers=tienda.headers())
    for headers in (tienda.cliente_headers("otro"), open_tienda(app).headers()):
        answer = client.get(f"/archivos/{id_}", headers=headers)
        assert (answer.status_code, answer.data) == (404, never.data)
    assert client.get(f"/archivos/{id_}").status_code == 401


@pytest.mark.parametrize(
    ("rango", "desde", "hasta"),
    [("bytes=0-9", 0, 10), ("bytes=300000-", 300_000, 700_000), ("bytes=-5", 699_995, 700_000)],
)
def test_a_player_may_ask_for_a_piece(
    client: FlaskClient, tienda: Tienda, rango: str, desde: int, hasta: int
) -> None:
    whole = bytes(i * 7 % 251 for i in range(700_000))
    manda(client, tienda.cliente_headers(), "/chat/audio", OGG)
    id_ = limpia(tienda, Limpio("audio/ogg", whole))
    headers = tienda.headers()
    assert client.get(f"/archivos/{id_}", headers=headers).data == whole
    answer = client.get(f"/archivos/{id_}", headers={**headers, "Range": rango})
    assert (answer.status_code, answer.data) == (206, whole[desde:hasta])
    assert answer.headers["Content-Range"] == f"bytes {desde}-{hasta - 1}/{len(whole)}"
    wrong = client.get(f"/archivos/{id_}", headers={**headers, "Range": "bytes=900000-"})
    assert wrong.status_code == 416


def test_what_was_heard_is_the_shops_to_read(client: FlaskClient, tienda: Tienda) -> None:
    manda(client, tienda.cliente_headers(), "/chat/audio", OGG)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE mensaje SET transcripcion = 'dos martillos'"))
    for headers, seen in (
        (tienda.headers(Rol.OBSERVADOR), "dos martillos"),
        (tienda.cliente_headers(), None),
    ):
        [mensaje] = get(client, "/chat/historial/c-1", headers)["mensajes"]
        assert mensaje["transcripcion"] == seen


def test_erasing_the_chat_erases_its_files(client: FlaskClient, tienda: Tienda) -> None:
    manda(client, tienda.cliente_headers(), "/chat/audio", OGG)
    gone = client.delete("/chats/c-1", headers=tienda.headers())
    assert gone.json["eliminados"]["archivo"] == 1
    assert archivos(tienda) == []
