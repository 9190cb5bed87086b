"""A language model of whoever speaks OpenAI's chat completions: four presets, any base URL.

Sources: https://platform.openai.com/docs/api-reference/chat,
https://ai.google.dev/gemini-api/docs/openai, https://docs.cohere.com/docs/compatibility-api
(it rejects stream_options), https://docs.ollama.com/openai (vLLM and llama.cpp: LLM_BASE_URL).
"""

import asyncio
import base64
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

from pydantic import SecretStr

from core.adapters.bucle import bucle
from core.adapters.llm_disyuntor import Disyuntor
from core.adapters.llm_escalera import (
    Escalera,
    Peldano,
    complains,
    in_words,
    read_as,
    repair,
    request_of,
    says_schema,
    words_of,
)
from core.adapters.llm_intentos import Refused, ThisOne, read, tries, whole
from core.errors import ModeloRechazado, Unavailable
from core.ports import Modelo, Peticion, RespuestaModelo
from core.settings import Settings

# (base URL, the model where none is named)
PROVEEDORES = {
    "openai": ("https://api.openai.com/v1", "gpt-4.1-mini"),
    "gemini": ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini-2.5-flash"),
    "cohere": ("https://api.cohere.ai/compatibility/v1", "command-a-03-2025"),
    "local": ("http://127.0.0.1:11434/v1", "qwen3:8b"),
}
# Of these, the models that are named above look at pictures, and so do those of their kind.
_MIRAN = frozenset({"openai", "gemini"})
NINGUNO = "ninguno"
_SIN_CLAVE = "sin-clave"  # a server next door wants none, the SDK insists on one


def modelo_of(settings: Settings) -> Modelo | None:
    """The model that the settings name, the same object for all threads of a process; None for an
    offline installation."""
    if settings.proveedor == "offline":
        return None
    base_url, nombre = PROVEEDORES[settings.proveedor]
    clave = settings.llm_clave
    return _of_process(
        settings.llm_model or nombre,
        settings.llm_base_url or base_url,
        clave.get_secret_value() if clave else _SIN_CLAVE,
        settings.llm_temperatura,
        settings.proveedor,
    )


def vista_of(settings: Settings) -> Modelo | None:
    """Who looks at photos, as `modelo_of`; None where nobody does."""
    nombre = settings.vision_model
    if nombre is None and settings.proveedor in _MIRAN:
        nombre = settings.llm_model or PROVEEDORES[settings.proveedor][1]
    where = lugar_de(settings, settings.vision_base_url, settings.vision_api_key)
    if nombre in (None, NINGUNO) or where is None:
        return None
    quien = settings.proveedor if settings.vision_base_url is None else "vision"
    return _of_process(str(nombre), *where, settings.llm_temperatura, quien)


def lugar_de(
    settings: Settings, base_url: str | None, clave: SecretStr | None
) -> tuple[str, str] | None:
    """(base URL, key) of a model beside the LLM: its own, else the LLM's. The LLM's key is shown
    to the LLM's provider only. None for an offline installation that names no other."""
    if base_url is not None:
        return base_url, clave.get_secret_value() if clave else _SIN_CLAVE
    if settings.proveedor == "offline":
        return None
    theirs = clave or settings.llm_clave
    own = settings.llm_base_url or PROVEEDORES[settings.proveedor][0]
    return own, theirs.get_secret_value() if theirs else _SIN_CLAVE


@lru_cache(maxsize=4)
def _of_process(
    nombre: str, base_url: str, clave: str, temperatura: float | None, proveedor: str
) -> Modelo:
    return OpenAIModelo(
        nombre,
        base_url=base_url,
        api_key=clave,
        temperatura=temperatura,
        disyuntor=Disyuntor(proveedor),
    )


@dataclass
class _Gasto:
    """Tokens of all the tries of one question."""

    entrada: int = 0
    salida: int = 0

    def add(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self.entrada += whole(usage.get("prompt_tokens"))
            self.salida += whole(usage.get("completion_tokens"))


class OpenAIModelo:
    """Implements core.ports.Modelo over POST /chat/completions."""

    def __init__(
        self,
        nombre: str,
        *,
        base_url: str,
        api_key: str,
        temperatura: float | None = None,
        disyuntor: Disyuntor | None = None,
    ) -> None:
        self.nombre = nombre
        self._base_url = base_url
        self._api_key = api_key
        self._temperatura = temperatura
        self._disyuntor = disyuntor or Disyuntor(base_url)
        self._escalera = Escalera()

    @cached_property
    def _client(self) -> Any:
        """On the process's own loop: there a time limit is one, even when bytes keep dripping."""
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self._api_key, base_url=self._base_url, max_retries=0, timeout=None
        )

    def ask(self, peticion: Peticion, *, segundos: float) -> RespuestaModelo:
        self._disyuntor.enter()
        try:
            _ = self._client  # the first one of a process takes a second to import
            answer = bucle().run(self._converse(peticion, segundos), segundos=segundos)
        except TimeoutError as e:
            self._disyuntor.failed()
            raise Unavailable("El modelo no respondió a tiempo.") from e
        except ThisOne:
            self._disyuntor.succeeded()  # else one customer's words would silence it for all
            raise
        except (Unavailable, ModeloRechazado) as e:
            self._disyuntor.failed(grave=isinstance(e, ModeloRechazado))
            raise
        self._disyuntor.succeeded()
        return answer

    def close(self) -> None:
        """Let the connections go. A process keeps them until it ends."""
        bucle().run(self._client.close(), segundos=5)

    async def _converse(self, peticion: Peticion, segundos: float) -> RespuestaModelo:
        """The answer, asked for on the rung that the endpoint takes, repaired once if need be."""
        end = asyncio.get_running_loop().time() + segundos
        gasto = _Gasto()
        forma, problem = peticion.forma, ValueError()
        extra: tuple[Any, ...] = ()
        for _ in range(1 if forma is None else 2):
            palabras = await self._words(peticion, extra, gasto, end)
            if forma is None:
                if not palabras:
                    break
                return self._answer(palabras, None, gasto)
            try:
                return self._answer(palabras, read_as(forma, palabras), gasto)
            except ValueError as e:
                problem, extra = e, repair(palabras, e, forma)
        if forma is not None:
            # A server that ignores the schema in silence: next time it stands in the words.
            self._escalera.step_down(self._escalera.peldano)
        raise Unavailable("La respuesta del modelo no sirve.") from problem

    def _answer(
        self, palabras: str, datos: dict[str, Any] | None, gasto: _Gasto
    ) -> RespuestaModelo:
        return RespuestaModelo(self.nombre, palabras, datos, gasto.entrada, gasto.salida)

    async def _words(
        self, peticion: Peticion, extra: tuple[Any, ...], gasto: _Gasto, end: float
    ) -> str:
        """What the model says, on the first rung from here down that is not refused."""
        while True:
            peldano = self._escalera.peldano if peticion.forma else Peldano.PALABRAS
            body = self._body(peticion, extra, peldano)
            try:
                return await tries(partial(self._once, body, gasto), end=end)
            except Refused as e:
                if not self._learn(str(e), body, peldano):
                    raise ThisOne("El modelo no acepta la petición.") from e

    def _body(self, peticion: Peticion, extra: tuple[Any, ...], peldano: Peldano) -> dict[str, Any]:
        sistema = list(peticion.sistema)
        asked: dict[str, Any] = {}
        if peticion.forma is not None:
            asked = request_of(peticion.forma, peldano)
            if says_schema(peldano):
                sistema.insert(1, in_words(peticion.forma))
        if self._temperatura is not None and "temperature" not in self._escalera.rehusados:
            asked["temperature"] = self._temperatura
        said: list[dict[str, Any]] = [
            {"role": rol, "content": texto} for rol, texto in peticion.mensajes
        ]
        if peticion.imagen is not None:
            said[-1]["content"] = _with_image(said[-1]["content"], peticion.imagen)
        system = {"role": "system", "content": "\n\n".join(sistema)}
        return {"model": self.nombre, "messages": [system, *said, *extra], **asked}

    def _learn(self, queja: str, body: dict[str, Any], peldano: Peldano) -> bool:
        """Whether the question can be put otherwise, now that the provider said why not."""
        if "temperature" in queja and "temperature" in body:
            self._escalera.refuse("temperature")
            return True
        asked = "response_format" in body or "tools" in body
        return asked and complains(queja) and self._escalera.step_down(peldano)

    async def _once(self, body: dict[str, Any], gasto: _Gasto) -> str:
        def words(content: bytes) -> str:
            answer = json.loads(content)
            gasto.add(answer.get("usage"))
            return words_of(answer["choices"][0]["message"])

        return await read(self._client.chat.completions.with_raw_response.create(**body), of=words)


def _with_image(texto: str, jpeg: bytes) -> list[dict[str, Any]]:
    """The picture itself, never an address: nothing that a customer sent is on the internet."""
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return [{"type": "text", "text": texto}, {"type": "image_url", "image_url": {"url": url}}]
