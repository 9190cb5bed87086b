"""core.ports.Transcriptor: one contract for the paper one and the real adapter; and what the real
one does with a provider that refuses, hangs, drips or stammers. Photos, by the same protocol."""

import base64
import time

import pytest
from pydantic import BaseModel, SecretStr

from core.adapters.llm import modelo_of, vista_of
from core.adapters.llm_disyuntor import Disyuntor
from core.adapters.transcripcion import OpenAITranscriptor, transcriptor_of
from core.agente.modelo.cuaderno import huella_de
from core.errors import ModeloRechazado, Unavailable
from core.ports import Peticion, Transcriptor
from core.settings import Settings
from tests.archivos.muestras import AUDIOS, foto
from tests.fakes import TranscriptorDePapel
from tests.modelo.servidor import (
    BALBUCEO,
    CORTA,
    CUELGA,
    GOTEA,
    PORTAL,
    Guion,
    Paso,
    error,
    oye,
    responde,
)

OGG = AUDIOS["audio/ogg"]


@pytest.fixture(params=["papel", "real"])
def oido(request: pytest.FixtureRequest, guion: Guion) -> Transcriptor:
    if request.param == "papel":
        return TranscriptorDePapel(["dos martillos", "", Unavailable("no"), ModeloRechazado("no")])
    guion.pasos += [oye(" dos martillos\n"), oye(""), *[error(503)] * 3, error(401)]
    return guion.open_transcriptor()


def test_a_recording_becomes_its_words_or_a_known_error(oido: Transcriptor) -> None:
    heard = oido.transcribe(OGG, mime="audio/ogg", segundos=5)
    assert (heard.texto, heard.datos, heard.modelo) == ("dos martillos", None, oido.nombre)
    assert (heard.tokens_entrada, heard.tokens_salida) == (100, 10)
    assert oido.transcribe(OGG, mime="audio/ogg", segundos=5).texto == ""
    with pytest.raises(Unavailable):
        oido.transcribe(OGG, mime="audio/ogg", segundos=5)
    with pytest.raises(ModeloRechazado):
        oido.transcribe(OGG, mime="audio/ogg", segundos=5)


def test_the_file_goes_whole_with_its_kind_and_the_language(guion: Guion) -> None:
    guion.pasos += [oye("hola")]
    guion.open_transcriptor().transcribe(AUDIOS["audio/mp4"], mime="audio/mp4", segundos=5)
    [form] = guion.pedidos
    assert form == {
        "model": "oido",
        "language": "es",
        "response_format": "json",
        "file": ("audio.m4a", "audio/mp4", AUDIOS["audio/mp4"]),
    }


def test_a_provider_that_takes_no_hint_is_given_none_again(guion: Guion) -> None:
    guion.pasos += [error(400, "Unsupported parameter: 'language'"), oye("sí"), oye("no")]
    oido = guion.open_transcriptor()
    for words in ("sí", "no"):
        assert oido.transcribe(OGG, mime="audio/ogg", segundos=5).texto == words
    assert ["language" in form for form in guion.pedidos] == [True, False, False]


def test_what_is_billed_by_the_second_counts_too(guion: Guion) -> None:
    guion.pasos += [oye("a", usage={"type": "duration", "seconds": 12.4}), Paso(b'{"text": "b"}')]
    oido = guion.open_transcriptor()
    heard = [oido.transcribe(OGG, mime="audio/ogg", segundos=5) for _ in range(2)]
    assert [h.tokens_entrada for h in heard] == [124, 0]


@pytest.mark.parametrize("paso", [CUELGA, GOTEA], ids=["hangs", "drips"])
def test_the_deadline_is_a_total(guion: Guion, paso: Paso) -> None:
    guion.pasos += [paso]
    oido = guion.open_transcriptor()
    start = time.monotonic()
    with pytest.raises(Unavailable):
        oido.transcribe(OGG, mime="audio/ogg", segundos=0.7)
    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    "paso",
    [CORTA, PORTAL, BALBUCEO, Paso(b'{"text": null}'), Paso(b"[]")],
    ids=lambda p: str(p)[:40],
)
def test_a_stammer_is_asked_again(guion: Guion, paso: Paso) -> None:
    guion.pasos += [paso, oye("hola")]
    assert guion.open_transcriptor().transcribe(OGG, mime="audio/ogg", segundos=9).texto == "hola"


def test_one_recording_that_is_refused_does_not_silence_the_next(guion: Guion) -> None:
    guion.pasos += [*[error(400, "Invalid file format.")] * 6, oye("hola")]
    oido = guion.open_transcriptor()
    for _ in range(6):
        with pytest.raises(ModeloRechazado):
            oido.transcribe(OGG, mime="audio/ogg", segundos=5)
    assert oido.transcribe(OGG, mime="audio/ogg", segundos=5).texto == "hola"


def test_a_provider_that_keeps_failing_is_left_alone(guion: Guion) -> None:
    guion.pasos += [error(404)]
    oido = guion.open_transcriptor(disyuntor=Disyuntor("prueba"))
    with pytest.raises(ModeloRechazado):
        oido.transcribe(OGG, mime="audio/ogg", segundos=5)
    with pytest.raises(Unavailable):
        oido.transcribe(OGG, mime="audio/ogg", segundos=5)
    assert len(guion.pedidos) == 1


# --- photos ------------------------------------------------------------------------------------


class Visto(BaseModel):
    producto: str | None


MIRA = Peticion("mirar", ("Miras fotos.",), (("user", "{}"),), Visto, imagen=foto())


def test_a_photo_goes_inside_the_question_and_never_as_an_address(guion: Guion) -> None:
    guion.pasos += [responde("nada"), responde({"producto": "martillo"})]
    assert guion.open().ask(MIRA, segundos=5).datos == {"producto": "martillo"}
    for body in guion.pedidos:  # when it is repaired, too
        text, image = body["messages"][1]["content"]
        assert text == {"type": "text", "text": "{}"}
        url = image["image_url"]["url"]
        assert url.startswith("data:image/jpeg;base64,")
        assert base64.b64decode(url.partition(",")[2]) == MIRA.imagen


def test_another_photo_is_another_question() -> None:
    other = Peticion("mirar", MIRA.sistema, MIRA.mensajes, Visto, imagen=foto(size=(9, 9)))
    bare = Peticion("mirar", MIRA.sistema, MIRA.mensajes, Visto)
    assert len({huella_de("m", p) for p in (MIRA, other, bare)}) == 3


# --- who is asked ------------------------------------------------------------------------------


def ajustes(**how: object) -> Settings:
    return Settings(_env_file=None, **how)  # type: ignore[arg-type,call-arg]


CLAVE_LLM = SecretStr("sk-llm")


@pytest.mark.parametrize(
    ("how", "escucha", "mira"),
    [
        ({}, None, None),
        ({"llm_provider": "openai"}, "gpt-transcribe", "gpt-4.1-mini"),
        ({"llm_provider": "openai", "llm_model": "gpt-9"}, "gpt-transcribe", "gpt-9"),
        ({"llm_provider": "gemini"}, None, "gemini-2.5-flash"),
        ({"llm_provider": "cohere"}, None, None),
        ({"llm_provider": "local"}, None, None),
        ({"llm_provider": "local", "vision_model": "ojo"}, None, "ojo"),
        (
            {"llm_provider": "openai", "vision_model": "ninguno", "transcripcion_model": "ninguno"},
            None,
            None,
        ),
        ({"transcripcion_model": "w", "transcripcion_base_url": "http://x/v1"}, "w", None),
        ({"transcripcion_model": "w", "vision_model": "v"}, None, None),
    ],
)
def test_who_listens_and_looks_follows_from_the_settings(
    how: dict[str, object], escucha: str | None, mira: str | None
) -> None:
    settings = ajustes(llm_api_key=CLAVE_LLM, **({"llm_provider": "offline"} | how))
    oido, ojo = transcriptor_of(settings), vista_of(settings)
    assert (oido and oido.nombre, ojo and ojo.nombre) == (escucha, mira)


def test_the_models_key_is_shown_to_its_own_provider_only() -> None:
    settings = ajustes(
        llm_provider="openai",
        llm_api_key=CLAVE_LLM,
        transcripcion_base_url="http://otro/v1",
    )
    oido = transcriptor_of(settings)
    assert isinstance(oido, OpenAITranscriptor)
    assert oido._api_key != "sk-llm"
    own = settings.model_copy(update={"transcripcion_api_key": SecretStr("sk-suya")})
    other = transcriptor_of(own)
    assert isinstance(other, OpenAITranscriptor)
    assert other._api_key == "sk-suya"


def test_a_model_that_reads_and_looks_is_one() -> None:
    settings = ajustes(llm_provider="openai", llm_api_key=CLAVE_LLM)
    assert vista_of(settings) is modelo_of(settings)
