"""Documentos over HTTP, from the upload to the customer's answer."""

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from core.agente.turno import Vendedor
from core.db import Database
from core.documentos.indexar import Lectores, index_documento
from core.mensajes.recibir import Destino, receive_mensaje
from core.models import Chat, Rol
from core.ports import Tarea
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.documentos.estanteria import HORARIO
from tests.fakes import CanalDePapel, ColaEnMemoria


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


def send(client: FlaskClient, tienda: Tienda, body: Any, ruta: str = "/documentos/") -> Any:
    """POST, or PUT to one of them; a file where `body` has bytes."""
    call = client.post if ruta == "/documentos/" else client.put
    if isinstance(body, dict) and "archivo" not in body:
        return call(ruta, json=body, headers=tienda.headers())
    return call(ruta, data=body, headers=tienda.headers(), content_type="multipart/form-data")


def work(tienda: Tienda) -> None:
    """What a worker does with the bells that were rung."""
    s: Servicios = tienda.app.extensions["servicios"]
    assert isinstance(s.cola, ColaEnMemoria)
    lectores = Lectores(s.leer_pdf)
    for tarea, ids in s.cola.timbres:
        if tarea is Tarea.INDEX_DOCUMENTO:
            index_documento(s.db, s.cola, s.settings, lectores, worker="w", **ids)


def test_a_text_is_taken_read_shown_and_asked(client: FlaskClient, tienda: Tienda) -> None:
    answer = send(client, tienda, {"titulo": "Sobre nosotros", "texto": HORARIO})
    assert answer.status_code == 202
    id_ = answer.get_json()["documento_id"]
    assert answer.get_json() == {"documento_id": id_, "estado": "en_cola"}
    work(tienda)
    shown = get(client, f"/documentos/{id_}", tienda.headers(Rol.OBSERVADOR))
    assert (shown["estado"], shown["pasajes"], shown["error"]) == ("listo", 2, None)
    assert shown["contenido"][0]["titulo"] == "Horario"
    listed = get(client, "/documentos/", tienda.headers(Rol.OBSERVADOR))["elementos"]
    assert [(d["titulo"], d["pasajes"]) for d in listed] == [("Sobre nosotros", 2)]
    asked = get(client, "/documentos/buscar?q=¿a qué hora abren?", tienda.headers(Rol.OBSERVADOR))
    assert asked["responde"]
    assert asked["pasajes"][0]["texto"] == "Abrimos de lunes a sábado de 8 a 6."
    assert asked["pasajes"][0]["puntaje"] >= asked["umbral"]
    asked = get(client, "/documentos/buscar?q=¿venden helado?", tienda.headers(Rol.OBSERVADOR))
    assert not asked["responde"]


@pytest.mark.parametrize(
    ("nombre", "contenido", "formato"),
    [
        ("preguntas.csv", b"pregunta,respuesta\nAbren?,Si de 8 a 6\n", "csv"),
        ("tienda.md", b"# Horario\nAbrimos de 8 a 6 todos los dias.\n", "markdown"),
        ("tienda.txt", HORARIO.encode(), "texto"),
    ],
)
def test_a_file_is_known_by_its_name(
    client: FlaskClient, tienda: Tienda, nombre: str, contenido: bytes, formato: str
) -> None:
    id_ = send(client, tienda, {"archivo": (BytesIO(contenido), nombre)}).get_json()["documento_id"]
    work(tienda)
    shown = get(client, f"/documentos/{id_}", tienda.headers())
    assert (shown["formato"], shown["titulo"]) == (formato, nombre.partition(".")[0])
    assert shown["estado"] == "listo"


def test_replacing_and_deleting(client: FlaskClient, tienda: Tienda) -> None:
    body = {"titulo": "Horario", "texto": HORARIO}
    id_ = send(client, tienda, body).get_json()["documento_id"]
    work(tienda)
    same = send(client, tienda, body, f"/documentos/{id_}")
    assert (same.status_code, same.get_json()["estado"]) == (202, "listo")
    other = send(client, tienda, {**body, "texto": "Abrimos a las 9."}, f"/documentos/{id_}")
    assert other.get_json()["estado"] == "en_cola"
    work(tienda)
    shown = get(client, f"/documentos/{id_}", tienda.headers())
    assert [p["texto"] for p in shown["contenido"]] == ["Abrimos a las 9."]
    gone = client.delete(f"/documentos/{id_}", headers=tienda.headers())
    assert gone.status_code == 204
    assert client.get(f"/documentos/{id_}", headers=tienda.headers()).status_code == 404


def test_what_could_not_be_read_is_shown_with_its_reason(
    client: FlaskClient, tienda: Tienda
) -> None:
    archivo = (BytesIO(b"%PDF-1.4 rota"), "catalogo.pdf")
    id_ = send(client, tienda, {"archivo": archivo}).get_json()["documento_id"]
    work(tienda)
    shown = get(client, f"/documentos/{id_}", tienda.headers())
    assert (shown["estado"], shown["error"]["codigo"]) == ("fallido", "pdf_ilegible")


@pytest.mark.parametrize(
    ("body", "campo"),
    [
        ({"titulo": "", "texto": "hola"}, "titulo"),
        ({"titulo": "x"}, "texto"),
        ({"titulo": "x", "texto": "a\0b"}, "texto"),
        ({"titulo": "x", "texto": "hola", "formato": "pdf"}, "formato"),
        ({"archivo": (BytesIO(b"x"), "foto.jpg")}, "archivo"),
        ({"archivo": "no es un archivo"}, "archivo"),
    ],
)
def test_a_bad_request_names_its_field(
    client: FlaskClient, tienda: Tienda, body: dict[str, Any], campo: str
) -> None:
    answer = send(client, tienda, body)
    assert answer.status_code == 422
    assert [e["campo"] for e in answer.get_json()["errores"]] == [campo]


def test_a_file_that_is_too_large_is_refused(client: FlaskClient, tienda: Tienda) -> None:
    most = tienda.app.extensions["servicios"].settings.documento_max_bytes
    # By hand: the test client keeps a large form in a temporary file that it never closes.
    head = b'--b\r\nContent-Disposition: form-data; name="archivo"; filename="x.txt"\r\n\r\n'
    answer = client.post(
        "/documentos/",
        data=head + b"x" * (most + 1) + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers=tienda.headers(),
    )
    assert (answer.status_code, answer.get_json()["codigo"]) == (413, "demasiado_grande")


def test_a_customer_is_answered_and_what_nobody_wrote_waits_for_a_person(
    client: FlaskClient, tienda: Tienda, db: Database
) -> None:
    s: Servicios = tienda.app.extensions["servicios"]
    send(client, tienda, {"titulo": "Sobre nosotros", "texto": HORARIO})
    work(tienda)
    settings = s.settings.model_copy(update={"ventana_rafaga_ms": 0})
    vendedor = Vendedor(
        db=db,
        cola=s.cola,
        settings=settings,
        canales=CanalDePapel().abrir,
        buscador=s.buscador,
        worker="w",
        documentos=s.biblioteca.de,
    )

    def ask(texto: str) -> tuple[str, bool]:
        received = receive_mensaje(
            db,
            s.cola,
            settings,
            empresa_id=tienda.empresa_id,
            destino=Destino(chat_id="c-1"),
            texto=texto,
        )
        ended = vendedor.answer_chat(empresa_id=tienda.empresa_id, chat_id=received.chat_pk)
        assert ended.resultado is not None, ended
        with db.empresa(tienda.empresa_id) as session:
            chat = session.get_one(Chat, (tienda.empresa_id, received.chat_pk))
            return ended.resultado.respuesta, chat.espera_humano

    assert ask("¿a qué hora abren?") == ("Abrimos de lunes a sábado de 8 a 6.", False)
    told, waits = ask("¿tienen parqueadero?")
    assert waits
    assert "una persona del equipo" in told
