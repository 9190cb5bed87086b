"""Which Embedder the settings mean, and which one made the vectors kept under a name.

A name is `local:…`, `openai:…` or `<base URL>:…`: with the provider in it, two models that only
share their own name are never compared.
"""

from functools import lru_cache

from core.adapters import embeddings_local
from core.adapters.embeddings_openai import OpenAIEmbedder
from core.ports import Embedder
from core.settings import Settings

_OPENAI_MODEL = "text-embedding-3-small"


def modelo_of(settings: Settings) -> str | None:
    """The name that vectors are to be kept under; None when the search goes by words."""
    match settings.embeddings_provider:
        case "ninguno":
            return None
        case "local":
            return embeddings_local.MODELO
        case provider:
            return f"{provider}:{settings.embeddings_model or _OPENAI_MODEL}"


def embedder_of(settings: Settings, modelo: str | None) -> Embedder | None:
    """None for a name that this process cannot speak for: no AVX2, another provider's vectors."""
    if modelo is None:
        return None
    if modelo == embeddings_local.MODELO:
        return _local() if embeddings_local.probe() else None
    provider, _, nombre = modelo.rpartition(":")
    if provider == "openai":
        url = None
    elif provider == settings.embeddings_provider:
        url = provider
    else:
        return None
    key = settings.openai_api_key or settings.llm_api_key
    return _remote(
        modelo,
        nombre,
        key.get_secret_value() if key else "sin-clave",
        url,
        settings.embeddings_segundos,
    )


@lru_cache(maxsize=1)
def _local() -> Embedder:
    return embeddings_local.LocalEmbedder()


@lru_cache(maxsize=4)
def _remote(
    modelo: str, nombre: str, api_key: str, base_url: str | None, segundos: float
) -> Embedder:
    return OpenAIEmbedder(
        modelo, nombre=nombre, api_key=api_key, base_url=base_url, segundos=segundos
    )
