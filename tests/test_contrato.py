"""What the outside may rely on whatever the route: codes of errors, and a web that starts fast."""

import os
import subprocess
import sys

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from core import errors
from core.errors import AgenteError
from core.settings import Settings
from tests.conftest import ROOT
from web.app import _STATUS

# codigo → HTTP status. Part of the public API: add to it, never change a line of it.
CODIGOS = {
    "no_encontrado": 404,
    "no_autenticado": 401,
    "sin_permiso": 403,
    "origen_no_permitido": 403,
    "datos_invalidos": 422,
    "demasiado_grande": 413,
    "conflicto": 409,
    "email_en_uso": 409,
    "version_cambiada": 409,
    "credenciales_ilegibles": 409,
    "transicion_invalida": 409,
    "clave_reutilizada": 409,
    "stock_insuficiente": 409,
    "precio_cambiado": 409,
    "producto_repetido": 409,
    "importacion_abierta": 409,
    "no_es_vista": 409,
    "es_vista": 409,
    "vista_fallida": 409,
    "vista_aplicada": 409,
    "vista_vencida": 409,
    "ya_deshecha": 409,
    "cambios_vencidos": 409,
    "cliente_de_baja": 409,
    "demasiados_documentos": 409,
    "archivo_no_listo": 409,
    "tipo_no_admitido": 415,
    "archivo_ilegible": 422,
    "chat_cerrado": 409,
    "canal_ocupado": 409,
    "credenciales_rechazadas": 409,
    "envio_rechazado": 409,
    "no_entregable": 409,
    "fuera_de_ventana": 409,
    "modelo_rechazado": 409,
    "demasiadas_peticiones": 429,
    "no_disponible": 501,
    "no_disponible_ahora": 503,
    "envio_limitado": 503,
    "chat_limitado": 503,
    "envio_incierto": 503,
}
# Between our own rooms: no route raises them.
INTERNOS = {"error", "turno_perdido"}


def families() -> list[type[AgenteError]]:
    found = [AgenteError]
    for family in found:
        found.extend(family.__subclasses__())
    return [f for f in found if f.__module__ == errors.__name__]


def test_every_domain_error_has_a_codigo_of_its_own_and_a_status() -> None:
    codes = [f.codigo for f in families()]
    assert sorted(codes) == sorted(CODIGOS | dict.fromkeys(INTERNOS, 500)), (
        "a new code, or a lost one"
    )
    for family in families():
        status = next((s for known, s in _STATUS.items() if issubclass(family, known)), 500)
        assert status == CODIGOS.get(family.codigo, 500), family


def test_flasks_own_refusals_have_the_same_shape(app: OpenAPI) -> None:
    client = app.test_client()
    for method, path, status, codigo in (
        ("GET", "/no/hay", 404, "no_encontrado"),
        ("GET", "/ventas/99999999999999999999", 404, "no_encontrado"),
        ("PUT", "/auth/login", 405, "metodo_no_permitido"),
        ("POST", "/auth/login", 422, "datos_invalidos"),
    ):
        answer = client.open(path, method=method, data="[", content_type="application/json")
        assert (answer.status_code, answer.get_json()["codigo"]) == (status, codigo)
        assert answer.mimetype == "application/problem+json"
    assert "POST" in client.put("/auth/login").headers["Allow"]


def test_a_body_that_is_no_file_has_a_limit(app: OpenAPI) -> None:
    huge = {"email": "a@b.test", "password": "x" * 2**20}
    answer = app.test_client().post("/auth/login", json=huge)
    assert (answer.status_code, answer.get_json()["codigo"]) == (413, "demasiado_grande")


# Run in a process of its own: the web started, every route of the prober called once.
_WALK = """
import sys
from core.settings import Settings
from web import create_app
HEAVY = "pandas numpy openpyxl openai faiss telegram celery kombu torch sklearn".split()
app = create_app()
loaded = lambda: sorted(m for m in HEAVY if m in sys.modules)
print("import", loaded())
from tests.fakes import ColaEnMemoria, ClavesRapidas
s = app.extensions["servicios"]
s.cola, s.claves = ColaEnMemoria(), ClavesRapidas()  # the bell's own thread may load its broker
from core.models import Rol
from tests.acceso import open_reserva, open_tienda
from tests.plantas import plant_all
from tests.prober_cases import CASOS
from tests.test_prober import Prober, own_headers
tienda, boss = open_tienda(app), open_reserva(app)
plant_all(tienda)
for caso in CASOS:
    if caso.alcanza_todo:
        continue
    if caso.prepara:
        caso.prepara(app)
    prober = Prober(app, caso)
    planted = prober.plant(tienda)
    headers = {} if caso.publica else own_headers(tienda, Rol.ADMIN, planted)
    answer = prober.call(headers, planted)
    assert answer.status == caso.espera, (str(caso), answer)
    if loaded():
        print(caso, loaded())
print("routes", loaded())
s.db.close()
"""


def test_no_route_loads_a_model_a_table_library_or_a_queue(
    app: OpenAPI, settings: Settings
) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _WALK],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [x for x in done.stdout.splitlines() if not x.startswith("{")]
    assert lines == ["import []", "routes []"], done.stdout


def test_what_is_wrong_with_a_request_is_said_in_spanish(client: FlaskClient) -> None:
    answer = client.post("/auth/registro", json={"empresa": "", "email": 5, "nombre": "a\0"})
    assert answer.status_code == 422
    assert answer.get_json()["errores"] == [
        {"campo": "empresa", "mensaje": "tiene 1 caracteres como mínimo"},
        {"campo": "email", "mensaje": "es un texto"},
        {"campo": "password", "mensaje": "falta"},
        {"campo": "nombre", "mensaje": "no puede contener caracteres nulos"},
    ]


def test_json_nested_without_end_is_a_bad_request(client: FlaskClient) -> None:
    answer = client.post("/auth/login", data="[" * 100_000, content_type="application/json")
    assert (answer.status_code, answer.get_json()["codigo"]) == (422, "datos_invalidos")
    assert answer.get_json()["errores"] == [{"campo": "", "mensaje": "es un objeto JSON"}]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PORT": "abc"}, "PORT es un número entero"),
        ({"FLOWER_PORT": "99999"}, "FLOWER_PORT es 65535 como máximo"),
        ({"ENTORNO": "otro"}, "ENTORNO es 'desarrollo' o 'produccion'"),
        ({"PORT": "8123", "FLOWER_PORT": "8123"}, "PORT y FLOWER_PORT son el mismo: 8123"),
    ],
)
def test_a_start_that_cannot_be_names_the_setting(
    given: dict[str, str], said: str, tmp_path: os.PathLike[str]
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "core.launcher"],
        cwd=ROOT,
        env=os.environ | {"DATA_DIR": str(tmp_path)} | given,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 1
    assert said in ran.stderr
