"""What becomes of a reply: the window, the template, the rates, and Meta's news of it."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.db import Database
from core.mensajes.acuses import Acuse, apply_acuses
from core.mensajes.entregas import Entregado, deliver_mensaje
from core.mensajes.salida import Desenlace
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import CanalDePapel, ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp import fallas as api
from tests.whatsapp.avisos import TELEFONO, eco, estado, mensaje
from tests.whatsapp.conftest import Post
from tests.whatsapp.emulador import Emulador

Deliver = Callable[..., Entregado]
Sql = Callable[..., list[Any]]


@pytest.fixture
def deliver(servicios: Servicios, canal: Bot, cola: ColaEnMemoria) -> Deliver:
    def call(mensaje_id: int, **cambios: Any) -> Entregado:
        s = servicios
        settings = s.settings.model_copy(update=cambios)
        key = {"empresa_id": canal.empresa_id, "mensaje_id": mensaje_id}
        return deliver_mensaje(s.db, cola, settings, s.canales, **key)

    return call


@pytest.fixture
def wrote(canal: Bot, sql: Sql) -> Callable[..., None]:
    """The customer wrote so many hours ago, and is not waiting for an answer."""

    def call(horas: float = 0.0, externo: str = TELEFONO) -> None:
        canal.chat(externo)
        sql(
            "UPDATE chat SET escrito_en = now() - make_interval(secs => :s) WHERE externo = :x",
            s=horas * 3600,
            x=externo,
        )

    return call


def entrega(canal: Bot, mensaje_id: int) -> tuple[str, str | None]:
    row = canal.row(mensaje_id)
    return row.entrega, row.error


# --- the window --------------------------------------------------------------------------------


def test_within_the_window_a_reply_leaves_and_outside_it_waits_and_says_why(
    canal: Bot, deliver: Deliver, wrote: Callable[..., None], emulador: Emulador
) -> None:
    wrote(23.9)
    first = canal.reply("dentro", TELEFONO)
    assert deliver(first).desenlace is Desenlace.ENVIADA
    wrote(24.1)
    second, third = canal.reply("fuera", TELEFONO), canal.reply("también", TELEFONO)
    ended = deliver(second)
    assert (ended.desenlace, ended.error) == (Desenlace.RETENIDA, "fuera_de_ventana")
    assert ended.siguiente == third
    assert deliver(third).desenlace is Desenlace.RETENIDA
    assert entrega(canal, second) == ("retenida", "fuera_de_ventana")
    assert [a.texto for a in emulador.aceptados] == ["dentro"]
    assert deliver(second).desenlace is Desenlace.AJENA


def test_what_waited_leaves_in_order_before_the_answer_once_they_write(
    canal: Bot,
    deliver: Deliver,
    wrote: Callable[..., None],
    post: Post,
    work: Callable[[], None],
    emulador: Emulador,
) -> None:
    wrote(30)
    held = [canal.reply(t, TELEFONO) for t in ("uno", "dos")]
    for mensaje_id in held:
        deliver(mensaje_id)
    post(mensaje("Hola"))
    work()
    said = [a.texto for a in emulador.aceptados]
    assert said[:2] == ["uno", "dos"]
    assert len(said) == 3
    assert [entrega(canal, m) for m in held] == [("enviada", None)] * 2


@pytest.mark.parametrize("falla", [api.LIMITE_DEL_PAR, api.LIMITE, api.ERROR_500])
def test_what_waited_for_days_is_not_given_up_for_one_trouble_when_it_may_leave(
    falla: api.Falla,
    canal: Bot,
    deliver: Deliver,
    wrote: Callable[..., None],
    post: Post,
    sql: Sql,
    cola: ColaEnMemoria,
    emulador: Emulador,
) -> None:
    wrote(72)
    held = canal.reply("Ya llegó lo suyo", TELEFONO)
    sql("UPDATE mensaje SET creado_en = now() - interval '48 hours'")
    deliver(held)
    post(mensaje("Hola"))
    emulador.fail("messages", falla)
    ended = deliver(held)
    assert ended.desenlace is Desenlace.ESPERA
    assert ended.segundos <= 6
    canal.age(10)
    sql("UPDATE canal SET proximo_envio = now()")
    assert deliver(held).desenlace is Desenlace.ENVIADA


def test_what_the_bot_still_had_to_say_is_withdrawn_by_whoever_takes_the_chat(
    post: Post,
    work: Callable[[], None],
    canal: Bot,
    deliver: Deliver,
    wrote: Callable[..., None],
    emulador: Emulador,
) -> None:
    wrote(30)
    held = canal.reply("lo de anteayer", TELEFONO)
    deliver(held)
    post(eco("Hola, soy la dueña"))
    post(mensaje("Hola"))
    work()
    assert emulador.aceptados == []
    assert entrega(canal, held) == ("fallida", "retirada")


def test_an_old_message_that_comes_late_opens_no_window(
    canal: Bot, post: Post, work: Callable[[], None], emulador: Emulador, sql: Sql
) -> None:
    post(mensaje("Hola", hace=25 * 3600))
    work()
    assert emulador.aceptados == []
    assert sql("SELECT entrega, error FROM mensaje WHERE remitente = 'bot'") == [
        ("retenida", "fuera_de_ventana")
    ]
    # Nor does one from the future keep it open for ever.
    post(mensaje("Hola", hace=-10 * 86400))
    assert sql("SELECT escrito_en <= now() FROM chat") == [(True,)]


def test_outside_the_window_an_approved_template_carries_the_reply(
    make_canal: Callable[..., Bot],
    deliver: Deliver,
    canal: Bot,
    sql: Sql,
    wrote: Callable[..., None],
    emulador: Emulador,
) -> None:
    wrote(30)
    template = '{"nombre": "aviso", "idioma": "es_CO", "con_texto": true}'
    sql("UPDATE canal SET ajustes = jsonb_build_object('plantilla', cast(:p AS jsonb))", p=template)
    emulador.sin_ventana.add(TELEFONO)
    reply, long = canal.reply("Tu pedido está listo", TELEFONO), canal.reply("a" * 901, TELEFONO)
    assert deliver(reply).desenlace is Desenlace.ENVIADA
    [got] = emulador.aceptados
    assert (got.cuerpo["template"]["name"], got.texto) == ("aviso", "Tu pedido está listo")
    assert deliver(long).desenlace is Desenlace.RETENIDA
    wrote(0)
    emulador.sin_ventana.clear()
    assert deliver(canal.reply("ya escribió", TELEFONO)).desenlace is Desenlace.ENVIADA
    assert emulador.aceptados[-1].cuerpo["type"] == "text"


def test_a_fixed_template_asks_them_once_to_write_and_the_replies_wait(
    deliver: Deliver,
    canal: Bot,
    sql: Sql,
    wrote: Callable[..., None],
    post: Post,
    work: Callable[[], None],
    emulador: Emulador,
) -> None:
    wrote(30)
    # Had it waited before there was a template, or when that was refused, nobody has been asked.
    assert deliver(canal.reply("cero", TELEFONO)).desenlace is Desenlace.RETENIDA
    fixed = '{"nombre": "escribenos", "idioma": "es", "con_texto": false}'
    sql("UPDATE canal SET ajustes = jsonb_build_object('plantilla', cast(:p AS jsonb))", p=fixed)
    emulador.fail("messages", api.error(132001))
    for texto in ("uno", "dos", "tres"):
        assert deliver(canal.reply(texto, TELEFONO)).desenlace is Desenlace.RETENIDA
    [asked] = emulador.aceptados
    assert asked.cuerpo["template"] == {"name": "escribenos", "language": {"code": "es"}}
    # That it was read does not mean that the reply was.
    post(estado(asked.cuerpo, asked.wamid, "read"))
    assert sql("SELECT entrega FROM mensaje ORDER BY id") == [("retenida",)] * 4
    # What they wrote long ago and comes now is not what was asked for: nothing is paid twice.
    post(mensaje("Hola", hace=28 * 3600))
    work()
    assert len(emulador.aceptados) == 1
    post(mensaje("¿Qué pasó?"))
    work()
    assert [a.texto for a in emulador.aceptados][1:5] == ["cero", "uno", "dos", "tres"]


@pytest.mark.parametrize("cuando", ["al enviar", "después"])
def test_when_meta_says_that_the_window_is_closed_it_is(
    cuando: str,
    deliver: Deliver,
    canal: Bot,
    wrote: Callable[..., None],
    post: Post,
    work: Callable[[], None],
    emulador: Emulador,
) -> None:
    wrote(0)
    reply = canal.reply("hola", TELEFONO)
    if cuando == "al enviar":
        emulador.fail("messages", api.SIN_VENTANA)
        deliver(reply)
    else:
        deliver(reply)
        [sent] = emulador.aceptados
        failed = estado(sent.cuerpo, sent.wamid, "failed", codigo=131047)
        post(failed)
        post(failed)
    assert entrega(canal, reply) == ("retenida", "fuera_de_ventana")
    emulador.aceptados.clear()
    post(mensaje("Hola"))
    if cuando == "después":
        post(failed)  # once more, when it is about nothing any more
    work()
    assert emulador.aceptados[0].texto == "hola"
    assert entrega(canal, reply) == ("enviada", None)


# --- rates -------------------------------------------------------------------------------------


def test_a_limit_of_the_number_silences_it_and_one_of_the_pair_only_that_chat(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], emulador: Emulador
) -> None:
    other = "573009998877"
    wrote(0)
    wrote(0, other)
    mine, theirs = canal.reply("a", TELEFONO), canal.reply("b", other)
    emulador.fail("messages", api.LIMITE_DEL_PAR)
    ended = deliver(mine)
    assert (ended.desenlace, ended.error, ended.segundos) == (Desenlace.ESPERA, "chat_limitado", 6)
    assert deliver(theirs).desenlace is Desenlace.ENVIADA
    canal.age(10)
    emulador.fail("messages", api.LIMITE)
    assert deliver(mine).error == "envio_limitado"
    assert deliver(canal.reply("c", other)).desenlace is Desenlace.ESPERA
    canal.age(10)
    assert deliver(mine).desenlace is Desenlace.ENVIADA


def test_its_pace_is_its_own(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], sql: Sql
) -> None:
    wrote(0)
    first, second = canal.reply("a", TELEFONO), canal.reply("b", TELEFONO)
    paced = {"whatsapp_pausa_chat": 30.0, "envio_pausa_chat": 0.0}
    assert deliver(first, **paced).desenlace is Desenlace.ENVIADA
    assert deliver(second, **paced).segundos > 25
    sql("UPDATE mensaje SET entrega = 'leida' WHERE id = :id", id=first)
    canal.age(31)
    sql("UPDATE mensaje SET entrega_desde = now() WHERE id = :id", id=first)
    assert deliver(second, **paced).desenlace is Desenlace.ESPERA


def test_a_refusal_ends_the_reply_with_metas_code(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], emulador: Emulador
) -> None:
    wrote(0)
    emulador.inalcanzables.add(TELEFONO)
    reply = canal.reply("hola", TELEFONO)
    assert deliver(reply).desenlace is Desenlace.FALLIDA
    assert entrega(canal, reply) == ("fallida", "no_entregable:131026")


# --- news --------------------------------------------------------------------------------------


@pytest.fixture
def enviada(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], emulador: Emulador
) -> tuple[int, dict[str, Any], str]:
    wrote(0)
    reply = canal.reply("hola", TELEFONO)
    deliver(reply)
    [sent] = emulador.aceptados
    return reply, sent.cuerpo, sent.wamid


@pytest.mark.parametrize("orden", list(itertools.permutations(["sent", "delivered", "read"])))
def test_news_only_move_forward_whatever_their_order(
    orden: tuple[str, ...], post: Post, canal: Bot, enviada: tuple[int, dict[str, Any], str]
) -> None:
    reply, cuerpo, wamid = enviada
    since = canal.row(reply).entrega_desde
    seen = []
    for status in (*orden, *orden):
        assert post(estado(cuerpo, wamid, status)).status_code == 200
        seen.append(entrega(canal, reply)[0])
    rank = ["enviada", "entregada", "leida"]
    assert [rank.index(s) for s in seen] == sorted(rank.index(s) for s in seen)
    assert seen[-1] == "leida"
    # The pace of the chat counts from when it was sent.
    assert canal.row(reply).entrega_desde == since


def test_a_failure_is_kept_with_its_code_and_an_arrival_overrules_it(
    post: Post, canal: Bot, enviada: tuple[int, dict[str, Any], str]
) -> None:
    reply, cuerpo, wamid = enviada
    failed = estado(cuerpo, wamid, "failed", codigo=131026)
    post(failed, estado(cuerpo, wamid, "sent"))
    assert entrega(canal, reply) == ("fallida", "no_entregable:131026")
    post(estado(cuerpo, wamid, "delivered"), failed)
    assert entrega(canal, reply) == ("entregada", None)


def test_news_that_come_before_we_wrote_that_it_was_sent_are_not_lost(
    canal: Bot,
    servicios: Servicios,
    wrote: Callable[..., None],
    post: Post,
    cola: ColaEnMemoria,
) -> None:
    wrote(0)

    class Rapido(CanalDePapel):
        """The customer has read it before the answer to our POST is here."""

        def send(self, externo: str, texto: str, *resto: Any, **mas: Any) -> str:
            wamid = super().send(externo, texto)
            body = {"to": externo, "biz_opaque_callback_data": mas["referencia"]}
            for status in self.noticias:
                assert post(estado(body, wamid, status, codigo=131026)).status_code == 200
            return wamid

    for noticias, wanted in ((["read"], "leida"), (["failed"], "fallida"), (["sent"], "enviada")):
        papel = Rapido()
        papel.noticias = noticias  # type: ignore[attr-defined]
        reply = canal.reply("hola", TELEFONO)
        key = {"empresa_id": canal.empresa_id, "mensaje_id": reply}
        deliver_mensaje(servicios.db, cola, servicios.settings, papel.abrir, **key)
        row = canal.row(reply)
        assert (row.entrega, row.id_proveedor) == (wanted, "papel:1")


def test_news_of_one_whose_answer_was_lost_spare_the_customer_a_copy(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], post: Post, emulador: Emulador
) -> None:
    wrote(0)
    reply, following = canal.reply("hola", TELEFONO), canal.reply("otra", TELEFONO)
    emulador.fail("messages", api.ACEPTA_Y_CORTA)
    assert deliver(reply).desenlace is Desenlace.INCIERTA
    [sent] = emulador.aceptados
    post(estado(sent.cuerpo, sent.wamid, "sent"))
    canal.age(60)
    assert deliver(reply).desenlace is Desenlace.AJENA
    assert entrega(canal, reply)[0] == "enviada"
    assert deliver(following).desenlace is Desenlace.ENVIADA
    assert [a.texto for a in emulador.aceptados] == ["hola", "otra"]


def test_a_reply_in_pieces_has_arrived_when_its_last_piece_has(
    deliver: Deliver, canal: Bot, wrote: Callable[..., None], post: Post, emulador: Emulador
) -> None:
    wrote(0)
    reply = canal.reply("Una frase larga. " * 500, TELEFONO)
    while deliver(reply).desenlace is Desenlace.PARTE:
        pass
    first, *_, last = emulador.aceptados
    assert len(emulador.aceptados) > 2
    post(estado(first.cuerpo, first.wamid, "read"))
    assert entrega(canal, reply)[0] == "enviada"
    post(estado(last.cuerpo, last.wamid, "delivered"))
    assert entrega(canal, reply)[0] == "entregada"


def test_news_of_others_messages_and_other_shops_touch_nothing(
    post: Post,
    canal: Bot,
    make_canal: Callable[..., Bot],
    db: Database,
    enviada: tuple[int, dict[str, Any], str],
) -> None:
    reply, cuerpo, wamid = enviada
    post(estado({"to": TELEFONO}, wamid, "read"))
    post(estado(cuerpo | {"biz_opaque_callback_data": "de otro programa"}, wamid, "read"))
    other = make_canal()
    told = [Acuse(reply, 0, 1, 1, wamid, "read")]
    key = {"empresa_id": canal.empresa_id, "acuses": told, "pausa": 0.0}
    assert apply_acuses(db, canal_id=other.canal_id, **key) == 0
    assert entrega(canal, reply)[0] == "enviada"


def test_a_storm_of_news_ends_as_a_calm_day_would(
    deliver: Deliver,
    canal: Bot,
    wrote: Callable[..., None],
    post: Post,
    emulador: Emulador,
) -> None:
    wrote(0)
    replies = [canal.reply(f"r{n}", TELEFONO) for n in range(6)]
    for reply in replies:
        deliver(reply)
    told = []
    for n, sent in enumerate(emulador.aceptados):
        told += [estado(sent.cuerpo, sent.wamid, s) for s in ("sent", "delivered", "read")[: n % 4]]
        if n == 5:
            told.append(estado(sent.cuerpo, sent.wamid, "failed", codigo=131026))
    storm = told * 3
    random.Random(5).shuffle(storm)
    while storm:
        assert post(*storm[:4]).status_code == 200
        del storm[:4]
    wanted = ["enviada", "enviada", "entregada", "leida", "enviada", "fallida"]
    assert [entrega(canal, r)[0] for r in replies] == wanted


def test_the_settings_of_telegram_are_telegrams(settings: Settings) -> None:
    assert settings.envio_ritmo("telegram") == (30.0, 1.0)
    assert settings.envio_ritmo("whatsapp") == (80.0, 1.0)
