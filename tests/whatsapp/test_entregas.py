"""What becomes of a reply: the rates, and Meta's news of it."""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from core.db import Database
from core.mensajes.acuses import Acuse, apply_acuses
from core.mensajes.entregas import deliver_mensaje
from core.mensajes.salida import Desenlace
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import CanalDePapel, ColaEnMemoria
from tests.telegram.conftest import Bot
from tests.whatsapp import fallas as api
from tests.whatsapp.avisos import TELEFONO, estado
from tests.whatsapp.conftest import Deliver, Post, Sql, entrega
from tests.whatsapp.emulador import Emulador

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
