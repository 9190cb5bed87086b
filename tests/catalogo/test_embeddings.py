"""core.ports.Embedder: one contract, held by the paper one, the bundled model and OpenAI's protocol
on a socket; and how a provider that misbehaves is told of."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from core.adapters import embeddings_local
from core.adapters.embeddings import embedder_of, modelo_of
from core.adapters.embeddings_local import LocalEmbedder
from core.adapters.embeddings_openai import OpenAIEmbedder
from core.errors import ModeloRechazado, Unavailable
from core.ports import Embedder, Vector
from core.settings import Settings
from tests.fakes import EmbedderDePapel

CLAVE = "sk-prueba"
Respuesta = tuple[int, dict[str, str], bytes]


@dataclass
class Guion:
    """POST /v1/embeddings as a strict server answers it, or `fallas` first, one each time."""

    fallas: list[Respuesta] = field(default_factory=list)
    pedidos: list[dict[str, Any]] = field(default_factory=list)
    violaciones: list[str] = field(default_factory=list)
    papel: EmbedderDePapel = field(default_factory=EmbedderDePapel)
    url: str = ""

    def answer(self, path: str, headers: Any, body: dict[str, Any]) -> Respuesta:
        self.pedidos.append(body)
        if path != "/v1/embeddings" or headers.get("Authorization") != f"Bearer {CLAVE}":
            self.violaciones.append(f"{path} {headers.get('Authorization')}")
        if body.keys() - {"model", "input", "encoding_format", "user", "dimensions"}:
            self.violaciones.append(f"unknown parameters {sorted(body)}")
        if self.fallas:
            return self.fallas.pop(0)
        vectors = [np.frombuffer(self.papel.vector(t), dtype="<f2") for t in body["input"]]
        data = [
            # Longer than 1 and in no order: neither is promised by the protocol.
            {"object": "embedding", "index": n, "embedding": (3 * v.astype(float)).tolist()}
            for n, v in enumerate(vectors)
        ][::-1]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return ok({"object": "list", "data": data, "model": body["model"], "usage": usage})


def ok(body: object) -> Respuesta:
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def error(status: int, **headers: str) -> Respuesta:
    return status, {"Content-Type": "application/json", **headers}, b'{"error": {"message": "no"}}'


@pytest.fixture
def guion() -> Iterator[Guion]:
    guion = Guion()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, content = guion.answer(self.path, self.headers, body)
            if status == 0:  # hangs up in the middle of it
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    guion.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield guion
    server.shutdown()
    thread.join()
    server.server_close()
    assert guion.violaciones == []


def remote(guion: Guion, *, segundos: float = 5.0) -> OpenAIEmbedder:
    return OpenAIEmbedder(
        "openai:m", nombre="m", api_key=CLAVE, base_url=guion.url, segundos=segundos
    )


@pytest.fixture(params=["papel", "local", "openai"])
def embedder(request: pytest.FixtureRequest, guion: Guion) -> Embedder:
    match request.param:
        case "papel":
            return EmbedderDePapel()
        case "local":
            if not embeddings_local.probe():
                pytest.skip("this machine has no AVX2: the shop searches by words")
            return LocalEmbedder()
        case _:
            return remote(guion)


def numbers(vector: Vector) -> Any:
    return np.frombuffer(vector, dtype="<f2").astype(float)


def test_n_texts_become_n_vectors_of_length_one_in_their_order(embedder: Embedder) -> None:
    textos = ["martillo", "brocha para pintar", "martillo", "café con leche ☕", "", "a" * 3000]
    vectors = embedder.embed(textos)
    assert len(vectors) == len(textos)
    assert len({len(v) for v in vectors}) == 1
    for vector in vectors:
        assert np.linalg.norm(numbers(vector)) == pytest.approx(1, abs=2e-3)
    assert vectors[0] == vectors[2] != vectors[1]
    alone = embedder.embed(["brocha para pintar"])[0]
    assert numbers(alone) @ numbers(vectors[1]) == pytest.approx(1, abs=2e-3)


def test_no_text_is_no_vector(embedder: Embedder) -> None:
    assert embedder.embed([]) == []
    assert embedder.embed([], consulta=True) == []


def test_a_question_is_nearer_to_what_it_asks_for(embedder: Embedder) -> None:
    near, far = embedder.embed(["Martillo de uña", "Tubo de PVC"])
    question = numbers(embedder.embed(["martillo de uña"], consulta=True)[0])
    assert question @ numbers(near) > question @ numbers(far)


def test_many_threads_at_once_get_each_their_own(embedder: Embedder) -> None:
    textos = [f"producto número {n}" for n in range(8)]
    alone = [numbers(embedder.embed([t], consulta=True)[0]) for t in textos]
    got: dict[int, Vector] = {}

    def ask(n: int) -> None:
        got[n] = embedder.embed([textos[n]], consulta=True)[0]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(8):
        assert numbers(got[n]) @ alone[n] == pytest.approx(1, abs=2e-3)


# --- a provider that misbehaves -----------------------------------------------------------------


def test_a_passing_trouble_is_tried_again_within_the_call(guion: Guion) -> None:
    guion.fallas = [error(500), error(429, **{"retry-after-ms": "1"})]
    assert len(remote(guion).embed(["a", "b"])) == 2
    assert len(guion.pedidos) == 3


@pytest.mark.parametrize("falla", [error(500), error(503), error(429), (0, {}, b"")])
def test_a_trouble_that_stays_is_one_that_time_may_cure(guion: Guion, falla: Respuesta) -> None:
    guion.fallas = [falla] * 9
    with pytest.raises(Unavailable):
        remote(guion).embed(["a"])
    assert len(guion.pedidos) == 3


def test_the_provider_says_how_long_to_wait(guion: Guion) -> None:
    guion.fallas = [error(429, **{"retry-after": "77", "x-should-retry": "false"})]
    with pytest.raises(Unavailable) as told:
        remote(guion).embed(["a"])
    assert told.value.segundos == 77


def test_a_question_is_tried_once_for_somebody_waits(guion: Guion) -> None:
    guion.fallas = [error(500)] * 9
    with pytest.raises(Unavailable):
        remote(guion).embed(["a"], consulta=True)
    assert len(guion.pedidos) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_only_a_person_can_mend_is_told_apart(guion: Guion, status: int) -> None:
    guion.fallas = [error(status)]
    with pytest.raises(ModeloRechazado, match=str(status)):
        remote(guion).embed(["a"])
    assert len(guion.pedidos) == 1


def data(*vectors: object) -> Respuesta:
    rows = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
    return ok({"object": "list", "data": rows, "model": "m", "usage": {}})


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"Content-Type": "text/html"}, b"<html>portal</html>"),
        ok({"data": None}),
        ok([]),
        ok({"data": [{"index": 0}]}),
        data(),
        data([1.0, 0.0], [0.0, 1.0]),
        data([0.0, 0.0]),
        data(["x"]),
        data([]),
        (
            200,
            {"Content-Type": "application/json"},
            b'{"data": [{"index": 0, "embedding": [1e999]}]}',
        ),
    ],
)
def test_an_answer_that_is_none_of_the_protocol_is_no_vector(
    guion: Guion, answer: Respuesta
) -> None:
    guion.fallas = [answer]
    with pytest.raises(ModeloRechazado):
        remote(guion).embed(["a"])


def test_nobody_listening_is_a_trouble_that_time_may_cure() -> None:
    nobody = OpenAIEmbedder(
        "openai:m", nombre="m", api_key=CLAVE, base_url="http://127.0.0.1:9/v1", segundos=1.0
    )
    with pytest.raises(Unavailable):
        nobody.embed(["a"], consulta=True)


# --- which one the settings mean ----------------------------------------------------------------


def chosen(settings: Settings, **values: object) -> tuple[str | None, Embedder | None]:
    changed = settings.model_copy(update=values)
    modelo = modelo_of(changed)
    return modelo, embedder_of(changed, modelo)


def test_the_settings_name_the_model(settings: Settings, guion: Guion) -> None:
    assert chosen(settings, embeddings_provider="ninguno") == (None, None)
    modelo, embedder = chosen(
        settings,
        embeddings_provider=guion.url,
        embeddings_model="mío",
        llm_api_key=SecretStr(CLAVE),
    )
    assert modelo == f"{guion.url}:mío"
    assert embedder is not None
    assert embedder.modelo == modelo
    assert len(embedder.embed(["a"])) == 1
    assert guion.pedidos[0]["model"] == "mío"
    assert chosen(settings, embeddings_provider="openai")[0] == "openai:text-embedding-3-small"


def test_nobody_speaks_for_vectors_of_a_provider_that_is_no_longer_configured(
    settings: Settings,
) -> None:
    assert embedder_of(settings, "http://otro/v1:m") is None


def test_a_machine_that_cannot_run_the_bundled_model_is_found_out_in_another_process(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a processor without AVX2 does: the process that tries it dies."""
    monkeypatch.setattr("sys.executable", "/bin/false")
    embeddings_local.probe.cache_clear()
    try:
        assert not embeddings_local.probe()
        assert embedder_of(settings, embeddings_local.MODELO) is None
        with pytest.raises(Unavailable):
            LocalEmbedder().embed(["a"])
    finally:
        embeddings_local.probe.cache_clear()


def test_a_fork_after_the_model_was_loaded_still_embeds() -> None:
    if not embeddings_local.probe():
        pytest.skip("this machine has no AVX2: the shop searches by words")
    embedder = LocalEmbedder()
    here = embedder.embed(["martillo"])[0]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, embedder.embed(["martillo"])[0])
        os._exit(0)
    os.close(write)
    there = os.read(read, 4096)
    os.close(read)
    assert os.waitpid(child, 0)[1] == 0
    assert there == here
