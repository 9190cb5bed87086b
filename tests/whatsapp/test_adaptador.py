"""The Canal over the Cloud API, judged by a strict Graph API on a real socket."""

import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.adapters.whatsapp import Whatsapp
from core.adapters.whatsapp_avisos import read_avisos
from core.adapters.whatsapp_errores import motivo_of
from core.adapters.whatsapp_leer import parse_mensaje
from core.errors import (
    AgenteError,
    ChatLimitado,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    FueraDeVentana,
    NoEntregable,
    TooLarge,
    Unavailable,
)
from core.ports import Entrante, Medio, Plantilla, Tecla
from tests.whatsapp import fallas as api
from tests.whatsapp.avisos import NUMERO, TELEFONO, USUARIO, ejemplo
from tests.whatsapp.conftest import CREDENCIALES
from tests.whatsapp.emulador import VERSION, Emulador
from tests.whatsapp.fallas import Falla

SEGUNDOS = 1.0


@pytest.fixture
def canal(emulador: Emulador) -> Whatsapp:
    return whatsapp(emulador)


def whatsapp(emulador: Emulador, **credenciales: str) -> Whatsapp:
    given = CREDENCIALES | credenciales
    return Whatsapp(lambda: given, api_url=emulador.url, version=VERSION, segundos=SEGUNDOS)


def teclas(*textos: str) -> list[Tecla]:
    return [Tecla(f"17:{i}", t) for i, t in enumerate(textos)]


# --- sending -----------------------------------------------------------------------------------


def test_a_text_arrives_as_it_is(canal: Whatsapp, emulador: Emulador) -> None:
    texto = "¿Qué tal? https://tienda.test *10* unidades 🔨\nSegunda línea"
    wamid = canal.send(TELEFONO, texto, referencia="1:17:0:1:1")
    [got] = emulador.aceptados
    assert (got.numero, got.para, got.texto, got.wamid) == (NUMERO, TELEFONO, texto, wamid)
    assert got.cuerpo["to"] == TELEFONO
    assert got.cuerpo["biz_opaque_callback_data"] == "1:17:0:1:1"


def test_who_shows_no_telephone_is_written_to_by_user_id(
    canal: Whatsapp, emulador: Emulador
) -> None:
    canal.send(USUARIO, "Hola")
    [got] = emulador.aceptados
    assert got.cuerpo["recipient"] == USUARIO
    assert "to" not in got.cuerpo


def test_up_to_three_answers_are_buttons(canal: Whatsapp, emulador: Emulador) -> None:
    canal.send(TELEFONO, "¿Confirmas?", teclas("Confirmar", "Cambiar la cantidad del pedido", "No"))
    [got] = emulador.aceptados
    assert got.cuerpo["interactive"]["type"] == "button"
    assert got.teclas == [
        ("17:0", "Confirmar"),
        ("17:1", "Cambiar la cantidad…"),
        ("17:2", "No"),
    ]


def test_more_are_a_list_with_their_whole_text_below(canal: Whatsapp, emulador: Emulador) -> None:
    long = "Martillo de uña con mango de fibra de vidrio"
    canal.send(TELEFONO, "¿Cuál?", teclas(f"{long} 16 oz", f"{long} 20 oz", "Maceta", "Ninguno"))
    [got] = emulador.aceptados
    [section] = got.cuerpo["interactive"]["action"]["sections"]
    assert [r["description"] for r in section["rows"][:2]] == [f"{long} 16 oz", f"{long} 20 oz"]
    assert "description" not in section["rows"][2]
    titles = [t for _, t in got.teclas]
    assert len(set(titles)) == 4
    assert titles[0] == "Martillo de uña con man…"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 10, 14])
def test_whatever_the_answers_say_they_can_be_sent(
    canal: Whatsapp, emulador: Emulador, n: int
) -> None:
    canal.send(TELEFONO, "¿Cuál?", teclas(*["🔨" * 40] * n))
    canal.send(TELEFONO, "¿Cuál?", teclas(*["  \n "] * n))
    assert [len(a.teclas) for a in emulador.aceptados] == [min(n, 10)] * 2


def test_no_two_answers_look_alike(canal: Whatsapp, emulador: Emulador) -> None:
    canal.send(TELEFONO, "¿Cuál?", teclas("Tubo (3)", "Tubo", "Tubo"))
    canal.send(TELEFONO, "¿Cuál?", teclas("A", "A (3)", "A", "A (3)", "A"))
    for sent in emulador.aceptados:
        assert len({title for _, title in sent.teclas}) == len(sent.teclas)


def test_too_long_a_text_for_buttons_is_sent_without(canal: Whatsapp, emulador: Emulador) -> None:
    canal.send(TELEFONO, "a" * 1024, teclas("Sí"))
    canal.send(TELEFONO, "a" * 1025, teclas("Sí"))
    canal.send(TELEFONO, "🔨" * 2048)
    assert [a.cuerpo["type"] for a in emulador.aceptados] == ["interactive", "text", "text"]


def test_a_template_carries_the_text_in_one_line(canal: Whatsapp, emulador: Emulador) -> None:
    canal.send(TELEFONO, "Tu pedido\n\nya    está listo", plantilla=Plantilla("aviso", "es_CO"))
    canal.send(TELEFONO, "no se ve", plantilla=Plantilla("escribenos", "es", con_texto=False))
    one, other = emulador.aceptados
    assert one.texto == "Tu pedido ya está listo"
    assert one.cuerpo["template"]["language"] == {"code": "es_CO"}
    assert other.texto == ""
    with pytest.raises(FueraDeVentana):
        canal.send(TELEFONO, "a" * 901, plantilla=Plantilla("aviso", "es_CO"))


def test_eighty_threads_share_one_pool(emulador: Emulador) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: whatsapp(emulador).send(f"5730011122{n:02}", "hola"), range(80)))
    assert len({a.para for a in emulador.aceptados}) == 80


def test_whoever_waits_for_an_answer_sees_it_coming(canal: Whatsapp, emulador: Emulador) -> None:
    for _ in range(3):  # it lasts 25 seconds there
        canal.show_escribiendo(TELEFONO, "wamid.X")
    canal.show_escribiendo(TELEFONO, None)
    emulador.await_true(lambda: emulador.leidos == ["wamid.X"])
    emulador.fail("messages", api.ERROR_500, api.CORTA)
    for n in range(2):
        canal.show_escribiendo(TELEFONO, f"wamid.Y{n}")
    whatsapp(emulador, phone_number_id="x").show_escribiendo(TELEFONO, "wamid.Z")


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("falla", "error", "segundos"),
    [
        (api.LIMITE, EnvioLimitado, 2),
        (api.LIMITE_DEL_PAR, ChatLimitado, 6),
        (Falla(estado=429, cuerpo=b"slow"), EnvioLimitado, 2),
        (api.ERROR_500, Unavailable, 2),
        (api.HTML_502, Unavailable, 2),
        (api.CORTA, EnvioIncierto, 2),
        (api.CUELGA, EnvioIncierto, 2),
        (api.ACEPTA_Y_CORTA, EnvioIncierto, 2),
        (api.ACEPTA_Y_BALBUCEA, EnvioIncierto, 2),
        (Falla(estado=200, cuerpo=b"{}"), EnvioIncierto, 2),
        (Falla(tarda=30), EnvioIncierto, 2),
        (api.SIN_VENTANA, FueraDeVentana, None),
        (api.NO_ENTREGABLE, NoEntregable, None),
        (api.TOKEN_VENCIDO, CredencialesRechazadas, None),
        (Falla(estado=401, cuerpo=b""), CredencialesRechazadas, None),
        (api.error(131009), EnvioRechazado, None),
        (api.error(4242, 503), Unavailable, 2),
        (api.error(4242, 429), EnvioLimitado, 2),
        (api.error(131009, 500), Unavailable, 2),
        (Falla(cuerpo=b'{"error": {"code": 4242, "is_transient": true}}'), Unavailable, 2),
        (Falla(estado=404, cuerpo=b"x"), EnvioRechazado, None),
        (Falla(estado=302, cuerpo=b"x"), EnvioRechazado, None),
    ],
)
def test_each_trouble_has_our_own_name(
    canal: Whatsapp,
    emulador: Emulador,
    falla: Falla,
    error: type[AgenteError],
    segundos: int | None,
) -> None:
    emulador.fail("messages", falla)
    start = time.monotonic()
    with pytest.raises(AgenteError) as caught:
        canal.send(TELEFONO, "hola")
    assert type(caught.value) is error
    assert getattr(caught.value, "segundos", None) == segundos
    assert time.monotonic() - start < SEGUNDOS + 1.5
    assert canal.send(TELEFONO, "hola")


def test_nobody_listening_was_certainly_not_sent(emulador: Emulador) -> None:
    canal = Whatsapp(
        lambda: CREDENCIALES, api_url="http://127.0.0.1:9", version=VERSION, segundos=SEGUNDOS
    )
    with pytest.raises(Unavailable) as caught:
        canal.send(TELEFONO, "hola")
    assert type(caught.value) is Unavailable


def test_a_refusal_keeps_metas_code_and_nothing_else(canal: Whatsapp, emulador: Emulador) -> None:
    emulador.fail("messages", api.NO_ENTREGABLE)
    with pytest.raises(NoEntregable) as caught:
        canal.send(TELEFONO, "hola")
    assert caught.value.motivo == motivo_of(131026) == "no_entregable:131026"
    assert motivo_of(131056) == "chat_limitado:131056"
    assert motivo_of(None) == "envio_rechazado"


@pytest.mark.parametrize("falla", [api.TOKEN_VENCIDO, api.CORTA, api.CUELGA, api.error(100)])
def test_neither_token_nor_text_is_in_an_error_or_a_log(
    canal: Whatsapp, emulador: Emulador, falla: Falla, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    emulador.fail("messages", falla)
    with pytest.raises(AgenteError) as caught:
        canal.send(TELEFONO, "canario-del-texto")
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert caught.value.__context__ is None
    assert "canario" not in told.replace('canario-del-texto")', "")


# --- who we are --------------------------------------------------------------------------------


def test_a_check_says_who_answers_and_what_is_left_to_do(
    canal: Whatsapp, emulador: Emulador
) -> None:
    told = canal.check(webhook_url=None)
    assert told.startswith("Ferretería Paz, +57 601 5550100.")
    assert "PUBLIC_URL" in told
    emulador.permite_webhook = False
    told = canal.check(webhook_url="https://tienda.test/webhooks/whatsapp/x")
    assert "https://tienda.test/webhooks/whatsapp/x" in told
    assert "verify_token" in told
    assert "canario" not in told


@pytest.mark.parametrize(
    ("credenciales", "error"),
    [
        ({"access_token": "otro"}, CredencialesRechazadas),
        ({"phone_number_id": "555"}, EnvioRechazado),
        ({"phone_number_id": "../me"}, CredencialesRechazadas),
        ({"phone_number_id": ""}, CredencialesRechazadas),
    ],
)
def test_wrong_credentials_are_a_person_s_business(
    emulador: Emulador, credenciales: dict[str, str], error: type[AgenteError]
) -> None:
    with pytest.raises(error):
        whatsapp(emulador, **credenciales).check(webhook_url=None)
    emulador.violaciones.clear()


# --- media -------------------------------------------------------------------------------------


def get(canal: Whatsapp, id_: str = "123", max_bytes: int = 1000, segundos: float = 20.0) -> bytes:
    return canal.fetch(Medio(id_, "imagen"), max_bytes=max_bytes, segundos=segundos)


def test_a_photo_is_read_from_metas_own_host(canal: Whatsapp, emulador: Emulador) -> None:
    emulador.add_medio("123", b"x" * 1000)
    assert get(canal) == b"x" * 1000
    with pytest.raises(EnvioRechazado):
        get(canal, "124")
    for wrong in ("../x", "a/b", "https://evil.test", "", "é"):
        with pytest.raises(EnvioRechazado):
            get(canal, wrong)
    assert emulador.llamadas == ["media", "content", "media"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/x",
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com/x",
        "http://127.0.0.1:1/x",
        "http://127.0.0.1@evil.test/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_the_token_goes_nowhere_else(canal: Whatsapp, emulador: Emulador, url: str) -> None:
    emulador.add_medio("123", b"x", url=url or " ")
    with pytest.raises(EnvioRechazado):
        get(canal)


@pytest.mark.parametrize("url", ["https://[x", "{}/\0", "{}/\x1b[31m", "{}:99999999/x"])
def test_an_address_that_is_none_is_refused_like_any_other(
    canal: Whatsapp, emulador: Emulador, url: str
) -> None:
    emulador.add_medio("123", b"x", url=url.format(emulador.url))
    with pytest.raises(EnvioRechazado):
        get(canal)


def test_what_is_too_large_is_refused_whatever_is_said_of_it(
    canal: Whatsapp, emulador: Emulador
) -> None:
    emulador.add_medio("1", b"x" * 1001)
    emulador.add_medio("2", b"x" * 1001, dicho=10)
    for id_ in ("1", "2"):
        with pytest.raises(TooLarge):
            get(canal, id_)


def test_what_does_not_come_in_time_may_come_later(canal: Whatsapp, emulador: Emulador) -> None:
    emulador.add_medio("123", b"x")
    for falla in (api.CUELGA, api.CORTA, api.ERROR_500):
        emulador.fail("content", falla)
        start = time.monotonic()
        with pytest.raises(Unavailable):
            get(canal, segundos=SEGUNDOS)
        assert time.monotonic() - start < SEGUNDOS + 1.0
    assert get(canal) == b"x"


# --- reading -----------------------------------------------------------------------------------


def read(nombre: str) -> Entrante | None:
    [llegada] = read_avisos(ejemplo(nombre), numero=NUMERO).llegadas
    return parse_mensaje(llegada.crudo)


@pytest.mark.parametrize(
    ("nombre", "tipo", "texto"),
    [
        ("texto", "texto", "¿Tienen martillos?"),
        ("texto_de_un_anuncio", "texto", "Hola, vi el anuncio"),
        ("imagen", "imagen", "¿tienen este?"),
        ("audio", "audio", ""),
        ("video", "video", ""),
        ("documento", "documento", "mi lista"),
        ("sticker", "sticker", ""),
        ("ubicacion", "ubicacion", "Ubicación: Casa, Calle 1 (4.60000, -74.10000)"),
        ("contactos", "contacto", "Contacto compartido: Luis, +57 300 1112234"),
        ("boton", "texto", "Confirmar"),
        ("fila", "texto", "Martillo de uña 16 oz"),
        ("boton_de_plantilla", "texto", "Sí, escríbanme"),
        ("pedido", "pedido", "para mañana"),
    ],
)
def test_each_kind_is_read(nombre: str, tipo: str, texto: str) -> None:
    said = read(nombre)
    assert said is not None
    assert (said.tipo, said.texto, said.nombre) == (tipo, texto, "Ana Paz")


def test_what_was_pressed_photographed_or_ordered_is_named() -> None:
    pressed, row, photo, voice, order = map(read, ("boton", "fila", "imagen", "audio", "pedido"))
    assert pressed is not None
    assert row is not None
    assert (pressed.boton, row.boton) == ("17:0", "17:3")
    assert photo is not None
    assert photo.medio == Medio("1003383421387256", "imagen", "image/jpeg")
    assert voice is not None
    assert voice.medio == Medio("1003383421387257", "audio", "audio/ogg; codecs=opus")
    assert order is not None
    assert [(p.sku, p.cantidad) for p in order.pedido] == [("MAR-16", 2), ("NO-HAY", 1)]


def test_what_nobody_expects_an_answer_to_is_none() -> None:
    assert read("reaccion") is None


def said(tipo: str, parte: dict[str, object]) -> Entrante | None:
    return parse_mensaje({"message": {"type": tipo, tipo: parte}})


def test_a_corrected_message_is_what_it_says_by_now() -> None:
    now = {"type": "text", "text": {"body": "quiero 1 martillo"}}
    assert said("edit", {"original_message_id": "wamid.A", "message": now}) == Entrante(
        "quiero 1 martillo", tipo="edicion"
    )
    photo = {"type": "image", "image": {"id": "1", "caption": "de estos"}}
    assert said("edit", {"message": photo}) == Entrante("de estos", tipo="edicion")
    assert said("revoke", {"original_message_id": "wamid.A"}) is None


def test_what_whatsapp_does_not_hand_on_is_still_somebody_s() -> None:
    unknown = Entrante("", tipo="desconocido")
    assert read("no_admitido") == replace(unknown, nombre="Ana Paz")
    assert said("unsupported", {"type": "unknown"}) == unknown
    assert said("algo_nuevo", {}) == unknown
    assert said("interactive", {"type": "nfm_reply", "nfm_reply": {}}) == unknown
    assert said("unsupported", {"type": "pin"}) is None
