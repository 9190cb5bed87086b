"""core.ports.Modelo: one contract for the paper one and the real adapter; and what the real one
does with a provider that refuses, hangs, drips, stammers or lies about its abilities."""

import json
import subprocess
import sys
import time
from contextlib import closing
from typing import Literal

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from core.adapters.llm import OpenAIModelo, modelo_of
from core.adapters.llm_disyuntor import Disyuntor
from core.adapters.llm_escalera import read_as, schema_of
from core.errors import ModeloRechazado, Unavailable
from core.ports import Modelo, Peticion
from core.settings import Settings
from tests.conftest import ROOT
from tests.fakes import ModeloDePapel
from tests.modelo.servidor import (
    BALBUCEO,
    CLAVE,
    CORTA,
    CUELGA,
    GOTEA,
    PORTAL,
    Guion,
    Paso,
    error,
    responde,
)


class Parte(BaseModel):
    nombre: str | None = Field(max_length=9)


class Leido(BaseModel):
    acto: Literal["saludo", "otro"]
    partes: list[Parte] = Field(max_length=3)


BIEN = {"acto": "saludo", "partes": [{"nombre": "ñandú"}]}
PREGUNTA = Peticion("leer", ("Lees mensajes.", "La tienda."), (("user", "hola"),), Leido)
PALABRAS = Peticion("redactar", ("Escribes.",), (("user", "hola"),))


def formats(guion: Guion) -> list[str]:
    """How each request asked for its answer."""
    return [
        "tool" if "tools" in body else body.get("response_format", {}).get("type", "words")
        for body in guion.pedidos
    ]


# --- one contract ------------------------------------------------------------------------------


@pytest.fixture(params=["papel", "real"])
def modelo(request: pytest.FixtureRequest, guion: Guion) -> Modelo:
    if request.param == "papel":
        return ModeloDePapel([BIEN, "¡Hola!"])
    guion.pasos += [responde(BIEN), responde("¡Hola!")]
    return guion.open()


def test_an_answer_has_the_shape_that_was_asked_for_or_is_words(modelo: Modelo) -> None:
    read = modelo.ask(PREGUNTA, segundos=5)
    assert Leido.model_validate(read.datos) == Leido.model_validate(BIEN)
    worded = modelo.ask(PALABRAS, segundos=5)
    assert (worded.texto, worded.datos) == ("¡Hola!", None)
    assert {read.modelo, worded.modelo} == {modelo.nombre}
    assert (read.tokens_entrada, read.tokens_salida) == (100, 10)


@pytest.fixture(params=["papel", "real"])
def mudo(request: pytest.FixtureRequest, guion: Guion) -> Modelo:
    if request.param == "papel":
        return ModeloDePapel([Unavailable("no"), ModeloRechazado("no")])
    guion.pasos += [error(503), error(503), error(503), error(401)]
    return guion.open()


def test_what_time_may_cure_is_told_apart_from_what_it_will_not(mudo: Modelo) -> None:
    with pytest.raises(Unavailable):
        mudo.ask(PALABRAS, segundos=5)
    with pytest.raises(ModeloRechazado):
        mudo.ask(PALABRAS, segundos=5)


# --- what is sent ------------------------------------------------------------------------------


def test_what_never_changes_stands_first_and_nothing_is_sent_unasked(guion: Guion) -> None:
    guion.pasos += [responde(BIEN)]
    guion.open().ask(PREGUNTA, segundos=5)
    body = guion.pedidos[0]
    assert body["messages"][0]["content"] == "Lees mensajes.\n\nLa tienda."
    assert body.keys() == {"model", "messages", "response_format"}
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"] == schema_of(Leido)


def test_a_strict_schema_requires_everything_and_refers_to_nothing() -> None:
    schema = schema_of(Leido)
    told = json.dumps(schema)
    assert not any(word in told for word in ("$ref", "maxLength", "maxItems", "title"))
    assert schema["required"] == ["acto", "partes"]
    assert schema["properties"]["partes"]["items"]["additionalProperties"] is False


def test_a_temperature_that_is_refused_is_not_sent_again(guion: Guion) -> None:
    guion.pasos += [error(400, "Unsupported value: 'temperature'"), *[responde("sí")] * 2]
    modelo = guion.open(temperatura=0.0)
    for _ in range(2):
        assert modelo.ask(PALABRAS, segundos=5).texto == "sí"
    assert ["temperature" in body for body in guion.pedidos] == [True, False, False]


# --- the ladder --------------------------------------------------------------------------------


def test_an_endpoint_is_asked_as_it_understands_and_that_is_remembered(guion: Guion) -> None:
    guion.pasos += [
        error(400, "'response_format.type' must be 'json_object'"),
        error(422, "json_object is not supported"),
        error(400, "tool_choice is not supported"),
        responde(f"Claro:\n```json\n{json.dumps(BIEN)}\n```"),
        responde(BIEN),
    ]
    modelo = guion.open()
    for _ in range(2):
        assert modelo.ask(PREGUNTA, segundos=5).datos == BIEN
    assert formats(guion) == ["json_schema", "json_object", "tool", "words", "words"]
    assert "esquema" in guion.pedidos[-1]["messages"][0]["content"]


def test_a_forced_tool_answers_with_its_arguments(guion: Guion) -> None:
    refusal = error(400, "response_format is not supported")
    guion.pasos += [refusal, refusal, responde(BIEN, llamada=True)]
    assert guion.open().ask(PREGUNTA, segundos=5).datos == BIEN
    assert formats(guion)[-1] == "tool"


def test_a_server_error_about_the_schema_is_a_refusal_and_another_is_not(guion: Guion) -> None:
    guion.pasos += [
        error(500, 'response_format type must be one of "text" or "json_object"'),
        error(500, "function timed out"),
        responde(BIEN),
    ]
    assert guion.open().ask(PREGUNTA, segundos=5).datos == BIEN
    assert formats(guion) == ["json_schema", "json_object", "json_object"]


def test_a_refusal_of_this_message_says_nothing_of_the_next(guion: Guion) -> None:
    guion.pasos += [*[error(400, "this content is not allowed")] * 9, responde(BIEN)]
    modelo = guion.open()
    for _ in range(9):
        with pytest.raises(ModeloRechazado):
            modelo.ask(PREGUNTA, segundos=5)
    assert modelo.ask(PREGUNTA, segundos=5).datos == BIEN
    assert set(formats(guion)) == {"json_schema"}


@pytest.mark.parametrize(
    "wrong",
    [
        "no sé",
        "",
        {"acto": "vender", "partes": []},
        {"acto": "saludo"},
        {"acto": "saludo", "partes": [{"nombre": "demasiado largo"}]},
        [],
        "{" * 3000,
        '{"acto": "saludo", "partes": [{"nombre": ',
    ],
)
def test_a_wrong_shape_is_repaired_once(guion: Guion, wrong: object) -> None:
    guion.pasos += [responde(wrong), responde(BIEN)]
    answer = guion.open().ask(PREGUNTA, segundos=5)
    assert answer.datos == BIEN
    assert (answer.tokens_entrada, answer.tokens_salida) == (200, 20), "both were paid for"
    assert guion.pedidos[1]["messages"][-1]["content"].startswith("Eso no sirve")


def test_a_model_that_does_not_mend_is_unavailable_and_told_the_schema_in_words(
    guion: Guion,
) -> None:
    guion.pasos += [*[responde("no sé")] * 2, responde(BIEN)]
    modelo = guion.open()
    with pytest.raises(Unavailable):
        modelo.ask(PREGUNTA, segundos=5)
    assert modelo.ask(PREGUNTA, segundos=5).datos == BIEN
    assert formats(guion)[-1] == "json_object"


def test_chatter_and_thoughts_around_an_object_do_not_matter() -> None:
    said = f"Veamos {{esto}} y {{}}: {json.dumps(BIEN)} ¿Algo más?"
    assert read_as(Leido, said) == BIEN


def test_what_a_model_thinks_aloud_is_not_its_answer(guion: Guion) -> None:
    guion.pasos += [responde('<think>{"acto": "otro"} mmm</think>¡Hola!')]
    assert guion.open().ask(PALABRAS, segundos=5).texto == "¡Hola!"


# --- failures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("falla", [error(500), error(429), error(408), CORTA, PORTAL, BALBUCEO])
def test_what_passes_is_tried_again_within_the_deadline(guion: Guion, falla: Paso) -> None:
    guion.pasos += [falla, responde("sí")]
    assert guion.open().ask(PALABRAS, segundos=5).texto == "sí"


def test_it_is_tried_three_times_and_no_more(guion: Guion) -> None:
    guion.pasos += [error(500)] * 3
    with pytest.raises(Unavailable):
        guion.open().ask(PALABRAS, segundos=10)
    assert len(guion.pedidos) == 3


def test_retry_after_is_obeyed_where_there_is_time(guion: Guion) -> None:
    guion.pasos += [error(429, Retry_After="1"), responde("sí")]
    start = time.monotonic()
    assert guion.open().ask(PALABRAS, segundos=5).texto == "sí"
    assert time.monotonic() - start >= 1


def test_retry_after_beyond_the_deadline_is_not_waited_for(guion: Guion) -> None:
    guion.pasos += [error(429, Retry_After="30")]
    start = time.monotonic()
    with pytest.raises(Unavailable) as told:
        guion.open().ask(PALABRAS, segundos=5)
    assert time.monotonic() - start < 3
    assert told.value.segundos == 30


@pytest.mark.parametrize("falla", [CUELGA, GOTEA])
def test_the_deadline_is_a_total_whatever_the_server_does(guion: Guion, falla: Paso) -> None:
    guion.pasos += [falla]
    modelo = guion.open()
    _ = modelo._client  # what the import takes is none of the server's
    start = time.monotonic()
    with pytest.raises(Unavailable):
        modelo.ask(PALABRAS, segundos=0.5)
    assert 0.5 <= time.monotonic() - start < 2


_A_LA_VEZ = """
import threading
from concurrent.futures import ThreadPoolExecutor
from core.adapters.bucle import bucle
start = threading.Barrier(32)
with ThreadPoolExecutor(32) as pool:
    found = set(pool.map(lambda _: (start.wait(30), id(bucle()))[1], range(32)))
assert len(found) == 1, found
"""


def test_all_threads_of_a_process_share_one_loop_whoever_comes_first() -> None:
    """A client that was opened on a second one could never be used again."""
    subprocess.run([sys.executable, "-c", _A_LA_VEZ], cwd=ROOT, check=True, timeout=60)


def test_nobody_listening_is_unavailable() -> None:
    modelo = OpenAIModelo("m", base_url="http://127.0.0.1:9/v1", api_key=CLAVE)
    with closing(modelo), pytest.raises(Unavailable):
        modelo.ask(PALABRAS, segundos=5)


# --- the breaker -------------------------------------------------------------------------------


class Reloj:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_provider_that_keeps_failing_is_left_alone_and_then_tried_by_one() -> None:
    reloj = Reloj()
    breaker = Disyuntor("x", fallas=2, pausa=30, reloj=reloj)
    breaker.failed()
    breaker.enter()
    breaker.failed()
    with pytest.raises(Unavailable) as told:
        breaker.enter()
    assert told.value.segundos == 30
    reloj.now += 31
    breaker.enter()  # the one that tries
    with pytest.raises(Unavailable):
        breaker.enter()
    breaker.failed()
    reloj.now += 29
    with pytest.raises(Unavailable):
        breaker.enter()
    reloj.now += 2
    breaker.enter()
    breaker.succeeded()
    for _ in range(3):
        breaker.enter()


def test_one_that_dies_while_it_tries_is_followed_by_another() -> None:
    reloj = Reloj()
    breaker = Disyuntor("x", fallas=1, pausa=30, reloj=reloj)
    breaker.failed()
    for _ in range(3):
        reloj.now += 31
        breaker.enter()


def test_while_it_is_open_the_provider_hears_nothing(guion: Guion) -> None:
    guion.pasos += [error(500)] * 6
    modelo = guion.open(disyuntor=Disyuntor("x", fallas=2))
    for _ in range(4):
        with pytest.raises(Unavailable):
            modelo.ask(PALABRAS, segundos=5)
    assert len(guion.pedidos) == 6


def test_a_key_that_is_none_is_not_shown_again_at_once(guion: Guion) -> None:
    guion.pasos += [error(401)]
    modelo = guion.open()
    with pytest.raises(ModeloRechazado):
        modelo.ask(PALABRAS, segundos=5)
    with pytest.raises(Unavailable):
        modelo.ask(PALABRAS, segundos=5)


# --- which model -------------------------------------------------------------------------------


def chosen(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[arg-type]


def test_without_a_key_there_is_no_model_and_with_one_it_is_openai_s() -> None:
    assert modelo_of(chosen()) is None
    for name in ("llm_api_key", "openai_api_key"):
        settings = chosen(**{name: SecretStr("k")})
        assert settings.proveedor == "openai"
        modelo = modelo_of(settings)
        assert modelo is not None
        assert modelo.nombre == "gpt-4.1-mini"
        assert modelo is modelo_of(settings), "one breaker for all threads"
    assert modelo_of(chosen(llm_provider="offline", llm_api_key=SecretStr("k"))) is None
    local = modelo_of(chosen(llm_provider="local", llm_model="x"))
    assert local is not None
    assert local.nombre == "x"


def test_a_provider_without_its_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="LLM_API_KEY"):
        chosen(llm_provider="gemini", openai_api_key=SecretStr("not theirs"))


def test_more_threads_answer_where_they_wait_for_a_model() -> None:
    assert chosen().hilos_de_chat == 16
    assert chosen(llm_provider="local").hilos_de_chat == 64
    assert chosen(llm_provider="local", chat_hilos=8).hilos_de_chat == 8
