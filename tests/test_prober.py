"""Every rule of the url map × method, with each rol's token, another shop's, and none.

The right token succeeds on the very id first; then another shop's token must get, byte for byte,
what a random id gets, and none of the planted canaries. A route without a case fails.
"""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import text
from werkzeug.test import TestResponse

from core.db import Database
from core.models import Base, Rol
from core.settings import Settings
from core.wiring import Servicios
from tests.acceso import Tienda, open_reserva, open_tienda
from tests.fakes import ClavesRapidas, ColaEnMemoria
from tests.plantas import CANARIO, plant_all
from tests.prober_cases import CASOS, Caso, Planta
from web import create_app
from web.auth import may, roles_of

GENTE = (Rol.SUPERADMIN, Rol.ADMIN, Rol.VENDEDOR, Rol.OBSERVADOR)
Headers = dict[str, str]


@pytest.fixture(scope="session")
def _narrow_app(settings: Settings) -> Iterator[OpenAPI]:
    """One connection for all: a route that holds two at once would wait for itself and fail."""
    app = create_app(settings, max_connections=1)
    app.extensions["servicios"].claves = ClavesRapidas()
    yield app
    app.extensions["servicios"].db.close()


@pytest.fixture
def app(_narrow_app: OpenAPI, db: Database) -> OpenAPI:
    servicios: Servicios = _narrow_app.extensions["servicios"]
    servicios.cola = ColaEnMemoria()
    return _narrow_app


def routes(app: OpenAPI) -> set[tuple[str, str]]:
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }


def test_every_route_has_a_case(app: OpenAPI) -> None:
    cases = {(c.metodo, c.regla) for c in CASOS}
    assert routes(app) - cases == set(), "add them to tests/prober_cases.py"
    assert cases - routes(app) == set(), "no such route any more"


def test_the_cases_and_the_routes_agree_on_who_may(app: OpenAPI) -> None:
    for caso in CASOS:
        for rule in app.url_map.iter_rules():
            if rule.rule == caso.regla and caso.metodo in (rule.methods or ()):
                asked = roles_of(rule.endpoint, app) if rule.endpoint != "static" else None
                assert asked == (frozenset(caso.roles) if caso.roles else None), str(caso)


class Prober:
    """Calls one case, with what it plants or with random ids."""

    def __init__(self, app: OpenAPI, caso: Caso) -> None:
        self.app, self.caso = app, caso
        self.client: FlaskClient = app.test_client()
        self.rule = next(
            r
            for r in app.url_map.iter_rules()
            if r.rule == caso.regla and caso.metodo in (r.methods or ())
        )

    def plant(self, tienda: Tienda) -> dict[Planta, Any]:
        """Something new for each Planta of the case."""
        found: dict[Planta, Any] = {}

        def put(planta: Planta) -> None:
            if planta not in found:
                found[planta] = planta.planta(tienda)

        self._filled(self._parts, put)
        return found

    @property
    def _parts(self) -> tuple[Any, ...]:
        c = self.caso
        return c.ruta, c.cuerpo, c.consulta, c.cabeceras, c.formulario

    def _filled(self, tree: Any, value: Callable[[Planta], Any]) -> Any:
        if isinstance(tree, dict):
            return {k: self._filled(v, value) for k, v in tree.items()}
        if isinstance(tree, list | tuple):
            return [self._filled(v, value) for v in tree]
        return value(tree) if isinstance(tree, Planta) else tree

    def call(
        self, headers: Headers, planted: dict[Planta, Any] | None, *, metodo: str | None = None
    ) -> "Respuesta":
        """With the planted ids, or with random ones when there is no `planted`."""

        def value(planta: Planta) -> Any:
            return planta.azar if planted is None else planted[planta]

        ruta, cuerpo, consulta, cabeceras, formulario = self._filled(self._parts, value)
        with self.app.test_request_context():
            path = self.app.url_for(self.rule.endpoint, _method=self.caso.metodo, **ruta)
        answer = self.client.open(
            path,
            method=metodo or self.caso.metodo,
            headers={**headers, **cabeceras},
            json=cuerpo,
            query_string=consulta,
            data=formulario and {k: as_file(v) for k, v in formulario.items()},
        )
        sent = [v for v in (planted or {}).values() if isinstance(v, str)]
        return Respuesta(answer, sent)


def as_file(value: Any) -> Any:
    """Bytes of a form are a file; each call needs a fresh one."""
    return (io.BytesIO(value), "lista.csv") if isinstance(value, bytes) else value


class Respuesta:
    """Status, headers but those of the moment, and body; of a live stream its first piece."""

    def __init__(self, answer: TestResponse, sent: list[str]) -> None:
        self.sent, self.status = sent, answer.status_code
        if answer.mimetype == "text/event-stream":
            pieces = iter(answer.response)
            first: Any = next(pieces)
            self.data = first if isinstance(first, bytes) else first.encode()
        else:
            self.data = answer.data
        answer.close()
        moment = {"date", "x-request-id", "peticion-id"}
        self.headers = sorted((k, v) for k, v in answer.headers if k.lower() not in moment)

    def __repr__(self) -> str:
        return f"<{self.status} {self.data[:300]!r}>"

    @property
    def whole(self) -> tuple[int, list[tuple[str, str]], bytes]:
        return self.status, self.headers, self.data

    @property
    def sings(self) -> bool:
        """Whether it says any canary but those that the caller said first."""
        said = f"{self.data.decode('utf-8', 'replace')} {self.headers}"
        for own in self.sent:
            said = said.replace(own, "")
        return CANARIO in said


@pytest.fixture
def victim(app: OpenAPI) -> Tienda:
    tienda = open_tienda(app, f"Tienda {CANARIO}")
    plant_all(tienda)
    return tienda


@pytest.fixture
def stranger(app: OpenAPI) -> Tienda:
    return open_tienda(app, "Tienda ajena")


@pytest.fixture
def boss(app: OpenAPI) -> Tienda:
    return open_reserva(app)


def own_headers(victim: Tienda, rol: Rol, planted: dict[Planta, Any]) -> Headers:
    """Of a person of the shop; for a cliente, of the chat that the call is about."""
    if rol is not Rol.CLIENTE:
        return victim.headers(rol)
    chats = [v for v in planted.values() if isinstance(v, str) and v.startswith(CANARIO)]
    return victim.cliente_headers(chats[0] if chats else "cualquiera")


CON_TOKEN = [c for c in CASOS if not c.publica]


@pytest.mark.parametrize("caso", CON_TOKEN, ids=str)
def test_each_rol_of_the_shop_succeeds_or_is_told_it_may_not(
    app: OpenAPI, victim: Tienda, boss: Tienda, caso: Caso
) -> None:
    prober = Prober(app, caso)
    allowed = 0
    for rol in (*GENTE, Rol.CLIENTE):
        tienda = boss if rol is Rol.SUPERADMIN else victim
        if tienda is boss and not caso.alcanza_todo:
            continue  # in its own empresa there is nothing; in others it is a stranger
        planted = prober.plant(victim)
        answer = prober.call(own_headers(tienda, rol, planted), planted)
        if may(rol, frozenset(caso.roles)):
            allowed += 1
            assert answer.status == caso.espera, (rol, answer)
        else:
            assert answer.status == 403, (rol, answer)
    assert allowed, "nobody could call it"
    planted = prober.plant(victim)
    for headers in ({}, {"Authorization": "Bearer basura"}):
        for ids in (planted, None):
            assert prober.call(headers, ids).status == 401
            assert not prober.call(headers, ids).sings


def snapshot(tienda: Tienda) -> dict[str, list[str]]:
    """Every row of the shop, as text."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        return {
            name: sorted(session.scalars(text(f"SELECT t::text FROM {name} t")).all())
            for name in Base.metadata.tables
        }


@pytest.mark.parametrize("caso", CON_TOKEN, ids=str)
def test_another_shops_token_finds_and_changes_nothing(
    app: OpenAPI, victim: Tienda, stranger: Tienda, boss: Tienda, caso: Caso
) -> None:
    prober = Prober(app, caso)
    planted = prober.plant(victim)
    strangers = [(rol, stranger.headers(rol)) for rol in GENTE[1:]]
    strangers.append((Rol.CLIENTE, stranger.cliente_headers("suyo")))
    if not caso.alcanza_todo:
        strangers.append((Rol.SUPERADMIN, boss.headers(Rol.SUPERADMIN)))
    if caso.names_something:
        strangers.append((Rol.CLIENTE, victim.cliente_headers("otro-chat-de-la-casa")))
    before = snapshot(victim)
    for rol, headers in strangers:
        answer, random = prober.call(headers, planted), prober.call(headers, None)
        assert not answer.sings, (rol, answer)
        if not may(rol, frozenset(caso.roles)):
            assert answer.status == 403, (rol, answer)
            assert answer.whole == random.whole
        elif caso.names_something and not creates_own(caso, rol):
            assert answer.status == caso.ajeno, (rol, answer)
            assert answer.whole == random.whole, (rol, answer, random)
        elif rol is not Rol.SUPERADMIN:
            # It names nothing of the victim's: the stranger is served from its own shop.
            assert answer.status in (caso.espera, 401), (rol, answer)
    assert snapshot(victim) == before


def creates_own(caso: Caso, rol: Rol) -> bool:
    """A person's first message in a chat of any name opens it in the person's own shop."""
    return caso.regla in ("/chat/texto", "/chat/imagen", "/chat/audio") and rol is not Rol.CLIENTE


@pytest.mark.parametrize("caso", [c for c in CASOS if c.publica], ids=str)
def test_a_public_route_serves_without_a_token_and_sings_of_no_shop(
    app: OpenAPI, victim: Tienda, stranger: Tienda, caso: Caso
) -> None:
    if caso.prepara:
        caso.prepara(app)
    prober = Prober(app, caso)
    for headers in ({}, {"Authorization": "Bearer basura"}, stranger.headers()):
        answer = prober.call(headers, prober.plant(victim))
        assert answer.status == caso.espera, answer
        random = prober.call(headers, None)
        assert not random.sings
        if caso.names_something:
            assert random.status == caso.ajeno, random
        else:
            assert not answer.sings


@pytest.mark.parametrize("caso", CASOS, ids=str)
def test_head_and_options_say_no_more_than_the_route_itself(
    app: OpenAPI, victim: Tienda, caso: Caso
) -> None:
    prober = Prober(app, caso)
    planted = prober.plant(victim)
    for metodo in ("HEAD", "OPTIONS"):
        answer = prober.call({}, planted, metodo=metodo)
        assert not answer.sings
        assert answer.data == b""
    if caso.metodo == "GET" and caso.roles:
        assert prober.call({}, planted, metodo="HEAD").status == 401
