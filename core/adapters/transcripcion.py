"""Recordings written down by whoever speaks OpenAI's POST /audio/transcriptions.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription; the same is spoken
by Groq, Together, Speaches (faster-whisper), LocalAI and others.
"""

import asyncio
import json
from functools import cached_property, lru_cache, partial
from typing import Any

from core.adapters.bucle import bucle
from core.adapters.llm import NINGUNO, lugar_de
from core.adapters.llm_disyuntor import Disyuntor
from core.adapters.llm_intentos import Refused, ThisOne, read, tries, whole
from core.archivos.tipos import EXTENSIONES
from core.errors import ModeloRechazado, Unavailable
from core.ports import RespuestaModelo, Transcriptor
from core.settings import Settings

# By provider, where none is named. Names age: OpenAI ends its earlier ones in February 2027.
MODELOS = {"openai": "gpt-transcribe"}
# What is billed by the second is counted as the models that count tokens do.
_TOKENS_POR_SEGUNDO = 10


def transcriptor_of(settings: Settings) -> Transcriptor | None:
    """Who listens, as the settings name them, the same object for all threads of a process; None
    where nobody does."""
    nombre = settings.transcripcion_model or MODELOS.get(settings.proveedor)
    where = lugar_de(settings, settings.transcripcion_base_url, settings.transcripcion_api_key)
    if nombre in (None, NINGUNO) or where is None:
        return None
    return _of_process(str(nombre), *where, settings.transcripcion_idioma)


@lru_cache(maxsize=4)
def _of_process(nombre: str, base_url: str, clave: str, idioma: str) -> Transcriptor:
    return OpenAITranscriptor(nombre, base_url=base_url, api_key=clave, idioma=idioma)


class OpenAITranscriptor:
    """Implements core.ports.Transcriptor."""

    def __init__(
        self,
        nombre: str,
        *,
        base_url: str,
        api_key: str,
        idioma: str = "es",
        disyuntor: Disyuntor | None = None,
    ) -> None:
        self.nombre = nombre
        self._base_url = base_url
        self._api_key = api_key
        self._idioma: str | None = idioma
        self._disyuntor = disyuntor or Disyuntor("transcripcion")

    @cached_property
    def _client(self) -> Any:
        """On the process's own loop: there a time limit is one, even when bytes keep dripping."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self._api_key, base_url=self._base_url, max_retries=0, timeout=None
        )

    def transcribe(self, audio: bytes, *, mime: str, segundos: float) -> RespuestaModelo:
        self._disyuntor.enter()
        try:
            _ = self._client  # the first one of a process takes a second to import
            answer = bucle().run(self._ask(audio, mime, segundos), segundos=segundos)
        except TimeoutError as e:
            self._disyuntor.failed()
            raise Unavailable("El audio no se transcribió a tiempo.") from e
        except ThisOne:
            self._disyuntor.succeeded()
            raise
        except (Unavailable, ModeloRechazado) as e:
            self._disyuntor.failed(grave=isinstance(e, ModeloRechazado))
            raise
        self._disyuntor.succeeded()
        return answer

    def close(self) -> None:
        """Let the connections go. A process keeps them until it ends."""
        bucle().run(self._client.close(), segundos=5)

    async def _ask(self, audio: bytes, mime: str, segundos: float) -> RespuestaModelo:
        end = asyncio.get_running_loop().time() + segundos
        while True:
            idioma = self._idioma
            try:
                return await tries(partial(self._once, audio, mime, idioma), end=end)
            except Refused as e:
                if idioma is None or "language" not in str(e):
                    raise ThisOne("El modelo no acepta el audio.") from e
                self._idioma = None  # some take no hint: it is not sent again

    async def _once(self, audio: bytes, mime: str, idioma: str | None) -> RespuestaModelo:
        hint = {"language": idioma} if idioma else {}
        # Its kind is told by the name: some servers look at nothing else.
        file = (f"audio.{EXTENSIONES[mime]}", audio, mime)
        asking = self._client.audio.transcriptions.with_raw_response.create(
            file=file, model=self.nombre, response_format="json", **hint
        )
        return await read(asking, of=self._answer)

    def _answer(self, content: bytes) -> RespuestaModelo:
        told = json.loads(content)
        texto = told["text"]
        if not isinstance(texto, str):
            raise ValueError("no words")
        usage = told.get("usage")
        words = texto.encode("utf-8", "replace").decode().strip()
        return RespuestaModelo(self.nombre, words, None, *_tokens(usage))


def _tokens(usage: Any) -> tuple[int, int]:
    if not isinstance(usage, dict):
        return 0, 0
    if usage.get("type") == "duration":
        seconds = usage.get("seconds")
        heard = seconds if isinstance(seconds, int | float) else 0
        return max(0, round(heard * _TOKENS_POR_SEGUNDO)), 0
    return whole(usage.get("input_tokens")), whole(usage.get("output_tokens"))
