"""The 24 hours: what leaves, what waits, what is asked for by template, what is let go."""

from collections.abc import Callable

import pytest

from core.mensajes.salida import Desenlace
from tests.fakes import ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp import fallas as api
from tests.whatsapp.avisos import TELEFONO, eco, estado, mensaje
from tests.whatsapp.conftest import Deliver, Post, Sql, entrega
from tests.whatsapp.emulador import Emulador


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
