"""Vectors from whoever speaks OpenAI's protocol: OpenAI itself, a gateway, a server next door.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from core.errors import ModeloRechazado, Unavailable
from core.ports import Vector

# Somebody waits for a question's vector; without it the search goes on by words.
_QUESTION_SECONDS = 3.0
_RETRIES = 2  # the SDK's own, with jitter, obeying Retry-After
_WAIT_SECONDS = 30  # before the next step, where the provider does not say


class OpenAIEmbedder:
    """Implements core.ports.Embedder over POST /embeddings."""

    lote = 128  # far below the 2,048 inputs and 300,000 tokens that one call may have

    def __init__(
        self, modelo: str, *, nombre: str, api_key: str, base_url: str | None, segundos: float
    ) -> None:
        """`modelo` is what vectors are kept under, `nombre` what the provider calls it; `segundos`
        bounds one call."""
        self.modelo = modelo
        self._nombre = nombre
        self._api_key = api_key
        self._base_url = base_url
        self._segundos = segundos

    @cached_property
    def _client(self) -> Any:
        from openai import OpenAI

        return OpenAI(
            api_key=self._api_key,
            base_url=self._base_url,
            timeout=self._segundos,
            max_retries=_RETRIES,
        )

    def embed(self, textos: Sequence[str], *, consulta: bool = False) -> list[Vector]:
        """A question is tried once and shortly; texts are retried a little."""
        if not textos:
            return []
        client = self._client
        if consulta:
            client = client.with_options(timeout=_QUESTION_SECONDS, max_retries=0)
        rows = self._ask(client, list(textos))
        if len(rows) != len(textos):
            raise ModeloRechazado(f"El modelo devolvió {len(rows)} vectores de {len(textos)}.")
        return _unit(rows)

    def _ask(self, client: Any, textos: list[str]) -> list[list[float]]:
        import openai

        try:
            # Plain numbers: not every compatible server knows base64.
            answer = client.embeddings.create(
                model=self._nombre, input=textos, encoding_format="float"
            )
            return [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]
        except (openai.APIConnectionError, openai.InternalServerError) as e:
            raise Unavailable("El modelo no responde.", segundos=_WAIT_SECONDS) from e
        except openai.RateLimitError as e:
            raise Unavailable("El modelo pide esperar.", segundos=_retry_after(e)) from e
        except openai.APIStatusError as e:
            raise ModeloRechazado(f"El modelo rechaza la petición: {e.status_code}.") from e
        except (openai.APIError, AttributeError, TypeError, ValueError) as e:
            # 2xx without what the protocol promises: a captive portal, a wrong base URL.
            raise ModeloRechazado("La respuesta del modelo no es la del protocolo.") from e


def _retry_after(error: Any) -> int:
    told = error.response.headers.get("retry-after", "")
    return max(1, min(int(told), 3600)) if told.isdecimal() else _WAIT_SECONDS


def _unit(rows: list[list[float]]) -> list[Vector]:
    """As they are kept; ModeloRechazado for what has no direction or no common length."""
    import numpy as np

    try:
        matrix = np.asarray(rows, dtype=np.float32)
    except (TypeError, ValueError) as e:
        raise ModeloRechazado("Los vectores del modelo no son números.") from e
    lengths = np.linalg.norm(matrix, axis=-1, keepdims=True) if matrix.ndim == 2 else None
    if lengths is None or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise ModeloRechazado("Los vectores del modelo no son números.")
    return [row.astype("<f2").tobytes() for row in matrix / lengths]
