"""How a structured answer is asked for, from the strictest way down to plain words, and read.

Servers that speak OpenAI's protocol differ in what they take for `response_format`: LM Studio
refuses json_object, ik_llama.cpp answers json_schema with a 500, some ignore it without a word
(github.com/willmiao/ComfyUI-Lora-Manager/issues/1033, github.com/ikawrakow/ik_llama.cpp/issues/778,
github.com/ggml-org/llama.cpp/issues/24097). Whatever was asked for, what comes is validated.
"""

import json
import re
import threading
from enum import IntEnum
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

_FUNCION = "responder"
_PENSADO = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)  # some show how they reason
_FORMATO = r"response_?format|json_?schema|json_?object"
_SE_QUEJA = re.compile(rf"{_FORMATO}|structured|tool|function|schema|grammar", re.I)
_SE_QUEJA_AL_CAER = re.compile(_FORMATO, re.I)
# Said for people, or refused by some strict mode; validation asks for the lengths all the same.
_NI_UNO = frozenset({"title", "default", "maxLength", "maxItems"})
_REPARAR_MAX = 4000  # of a wrong answer, shown again to who gave it


class Peldano(IntEnum):
    """From the strictest to the plainest."""

    ESQUEMA = 0
    OBJETO = 1
    FUNCION = 2
    PALABRAS = 3


class Escalera:
    """Which rung one endpoint takes, and which parameters it refuses: learnt once per process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.peldano = Peldano.ESQUEMA
        self.rehusados: frozenset[str] = frozenset()

    def step_down(self, desde: Peldano) -> bool:
        """Leave the rung `desde`; False when there is none below it. Several threads may hear the
        same refusal: it is one step."""
        with self._lock:
            if desde is Peldano.PALABRAS:
                return False
            self.peldano = max(self.peldano, Peldano(desde + 1))
            return True

    def refuse(self, parametro: str) -> None:
        with self._lock:
            self.rehusados |= {parametro}


def complains(mensaje: str, *, al_caer: bool = False) -> bool:
    """Whether a refusal speaks of the way in which the answer was asked for. `al_caer`: it came as
    a server's own failure, which may speak of functions for any reason."""
    return bool((_SE_QUEJA_AL_CAER if al_caer else _SE_QUEJA).search(mensaje))


def request_of(forma: type[BaseModel], peldano: Peldano) -> dict[str, Any]:
    """The parameters that ask for `forma` on this rung."""
    esquema = schema_of(forma)
    match peldano:
        case Peldano.ESQUEMA:
            wanted = {"name": _FUNCION, "strict": True, "schema": esquema}
            return {"response_format": {"type": "json_schema", "json_schema": wanted}}
        case Peldano.OBJETO:
            return {"response_format": {"type": "json_object"}}
        case Peldano.FUNCION:
            tool = {"name": _FUNCION, "parameters": esquema}
            return {
                "tools": [{"type": "function", "function": tool}],
                "tool_choice": {"type": "function", "function": {"name": _FUNCION}},
            }
    return {}


def says_schema(peldano: Peldano) -> bool:
    """Whether the schema must stand in the words, for want of a parameter that holds it."""
    return peldano in (Peldano.OBJETO, Peldano.PALABRAS)


def in_words(forma: type[BaseModel]) -> str:
    esquema = json.dumps(schema_of(forma), ensure_ascii=False, sort_keys=True)
    return f"Responde solo con un objeto JSON que cumpla este esquema:\n{esquema}"


@cache
def schema_of(forma: type[BaseModel]) -> dict[str, Any]:
    """Its JSON schema in one piece: not every server follows $ref. Made once, for it takes as long
    as all the rest of a question; nobody may change it."""
    whole = forma.model_json_schema()
    defs = whole.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(n) for n in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(defs[node["$ref"].rpartition("/")[2]])
        kept = {k: inline(v) for k, v in node.items() if k not in _NI_UNO}
        if "properties" in node:
            # A field may be called title, too; and the strict rung wants all of them required.
            kept["properties"] = {k: inline(v) for k, v in node["properties"].items()}
            kept |= {"required": list(node["properties"]), "additionalProperties": False}
        return kept

    found: dict[str, Any] = inline(whole)
    return found


# --- the answer ------------------------------------------------------------------------------


def words_of(mensaje: Any) -> str:
    """What a choice's message says: the arguments of its call, else its text."""
    for call in mensaje.get("tool_calls") or ():
        arguments = call["function"]["arguments"]
        return arguments if isinstance(arguments, str) else json.dumps(arguments)
    content = mensaje.get("content")
    return _PENSADO.sub("", content).strip() if isinstance(content, str) else ""


def read_as(forma: type[BaseModel], palabras: str) -> dict[str, Any]:
    """The first JSON object in `palabras` that fits `forma`, fenced or with chatter around it.
    Raises ValueError with what is wrong."""
    problem: ValueError = ValueError("no hay ningún objeto JSON")
    decoder = json.JSONDecoder()
    start = palabras.find("{")
    while start >= 0:
        try:
            found, end = decoder.raw_decode(palabras, start)
            return forma.model_validate(_storable(found)).model_dump(mode="json")
        except ValidationError as e:
            problem = ValueError(_explain(e))
            start = palabras.find("{", end)
        except (ValueError, RecursionError):
            start = palabras.find("{", start + 1)
    raise problem


def _storable(found: Any) -> Any:
    """What PostgreSQL can keep of it: no NUL, no half of a surrogate pair."""
    told = json.dumps(found, ensure_ascii=False).replace("\\u0000", "")
    return json.loads(told.encode("utf-8", "replace"))


def repair(palabras: str, problem: ValueError, forma: type[BaseModel]) -> tuple[Any, Any]:
    """The two messages that show a wrong answer to its author and ask for a right one."""
    ask = f"Eso no sirve: {problem}. {in_words(forma)}"
    wrong = palabras[:_REPARAR_MAX] or "(nada)"
    return {"role": "assistant", "content": wrong}, {"role": "user", "content": ask}


def _explain(error: ValidationError) -> str:
    """Where and what, without the value."""
    wrong = error.errors(include_url=False, include_input=False)[:5]
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong)
