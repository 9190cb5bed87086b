"""Telephone and user id of one person are one chat, whichever comes first or alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.db import Database
from core.mensajes.identidad import Persona, open_person
from core.mensajes.recibir import CHAT_ID_MAX
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import TELEFONO, USUARIO, eco, ejemplo, mensaje, sobre
from tests.whatsapp.conftest import Post

NUEVO = "573009998877"
OTRO = "CO.999"
Sql = Callable[..., list[Any]]


def chats(sql: Sql) -> list[tuple[str | None, str | None, int]]:
    """(externo, alias, messages) of each chat."""
    return sql(
        "SELECT externo, alias, (SELECT count(*) FROM mensaje m WHERE m.chat_id = c.id) "
        "FROM chat c ORDER BY id"
    )


def test_first_the_telephone_then_both_then_only_the_user_id(post: Post, sql: Sql) -> None:
    post(mensaje("uno"))
    post(mensaje("dos", usuario=USUARIO))
    post(mensaje("tres", de=None, usuario=USUARIO))
    assert chats(sql) == [(TELEFONO, USUARIO, 3)]


def test_first_the_user_id_then_both_then_only_the_telephone(post: Post, sql: Sql) -> None:
    post(mensaje("uno", de=None, usuario=USUARIO))
    assert chats(sql) == [(USUARIO, None, 1)]
    post(mensaje("dos", usuario=USUARIO))
    post(mensaje("tres"))
    assert chats(sql) == [(TELEFONO, USUARIO, 3)]


def test_who_was_two_becomes_one_from_then_on(post: Post, sql: Sql) -> None:
    post(mensaje("uno"))
    post(mensaje("dos", de=None, usuario=USUARIO))
    post(mensaje("tres", usuario=USUARIO))
    post(mensaje("cuatro", de=None, usuario=USUARIO))
    # What was said in the second stays there, and can still be answered there.
    assert chats(sql) == [(TELEFONO, USUARIO, 3), (USUARIO, None, 1)]


def test_a_telephone_that_was_given_to_somebody_else_opens_no_old_chat(
    post: Post, sql: Sql
) -> None:
    post(mensaje("uno", usuario=USUARIO))
    post(mensaje("dos", usuario=OTRO))
    post(mensaje("tres", de=None, usuario=USUARIO))
    assert chats(sql) == [(USUARIO, None, 2), (TELEFONO, OTRO, 1)]


def test_a_new_telephone_of_a_known_person_is_where_they_are_written_to(
    post: Post, sql: Sql
) -> None:
    post(mensaje("uno", usuario=USUARIO))
    post(mensaje("dos", de=NUEVO, usuario=USUARIO))
    assert chats(sql) == [(NUEVO, USUARIO, 2)]


def test_whoever_comes_in_one_notice_with_another_is_not_taken_for_them(
    post: Post, sql: Sql
) -> None:
    ana, luis = mensaje("soy Ana", usuario=USUARIO), mensaje("soy Luis", de=NUEVO)
    value, other = (a["entry"][0]["changes"][0]["value"] for a in (ana, luis))
    post(sobre({"contacts": value["contacts"], "messages": value["messages"] + other["messages"]}))
    assert sorted(chats(sql)) == [(TELEFONO, USUARIO, 1), (NUEVO, None, 1)]


def test_a_person_of_two_chats_whose_telephone_is_given_away_keeps_one(
    post: Post, sql: Sql
) -> None:
    post(mensaje("uno"))
    post(mensaje("dos", de=None, usuario=USUARIO))
    post(mensaje("tres", usuario=USUARIO))
    assert post(mensaje("soy otra persona", usuario=OTRO)).status_code == 200
    post(mensaje("cuatro", de=None, usuario=USUARIO))
    assert chats(sql) == [(USUARIO, None, 3), (None, None, 1), (TELEFONO, OTRO, 1)]


def test_nobody_is_written_to_at_the_telephone_that_they_had_before(
    post: Post, sql: Sql, work: Callable[[], None], emulador: Any
) -> None:
    post(mensaje("uno", usuario=USUARIO))
    post(mensaje("dos", de=NUEVO))
    work()
    emulador.aceptados.clear()
    post(mensaje("tres", de=NUEVO, usuario=USUARIO))
    work()
    assert [a.para for a in emulador.aceptados] == [NUEVO]
    assert chats(sql)[0][:2] == (NUEVO, USUARIO)
    post(mensaje("cuatro", de=NUEVO))
    assert chats(sql)[1][1:] == (None, 2)


def test_who_is_told_of_sales_is_still_themselves_at_another_telephone(
    post: Post, sql: Sql, canal: Bot
) -> None:
    sql(
        "INSERT INTO destinatario (empresa_id, via, canal_id, externo, nombre, enlazado_en) "
        "VALUES (:e, 'whatsapp', :c, :x, 'Dueña', now())",
        e=canal.empresa_id,
        c=canal.canal_id,
        x=TELEFONO,
    )
    told = "SELECT externo FROM destinatario"
    post(mensaje("uno", usuario=USUARIO))
    post(mensaje("dos", de=NUEVO, usuario=USUARIO))
    assert sql(told) == [(NUEVO,)]
    # Whoever is given the number is not given what the owner may do.
    post(mensaje("tres", de=NUEVO, usuario=OTRO))
    assert sql(told) == [(USUARIO,)]
    post(mensaje("cuatro", usuario=USUARIO))
    assert sql(told) == [(TELEFONO,)]
    post(ejemplo("cambio_de_numero"))
    assert chats(sql)[0][0] == sql(told)[0][0]


def test_a_user_id_as_long_as_they_may_be_names_a_chat_that_the_shop_can_open(
    post: Post, sql: Sql
) -> None:
    for last in "XY":
        post(mensaje("uno", de=None, usuario="CO." + "a" * 127 + last))
    names = [name for (name,) in sql("SELECT chat_id FROM chat")]
    assert len(set(names)) == 2
    assert all(len(name) <= CHAT_ID_MAX for name in names)


def test_a_change_that_meta_tells_moves_the_chat(post: Post, sql: Sql) -> None:
    post(mensaje("uno", usuario=USUARIO))
    for _ in range(2):
        post(ejemplo("cambio_de_numero"))
    assert chats(sql) == [(NUEVO, OTRO, 1)]
    post(mensaje("dos", de=NUEVO))
    assert chats(sql) == [(NUEVO, OTRO, 2)]


def test_a_change_of_the_user_id_alone_moves_it_too(post: Post, sql: Sql) -> None:
    for nombre in ("cambio_de_usuario", "user_id_update"):
        sql("DELETE FROM mensaje")
        sql("DELETE FROM chat")
        post(mensaje("uno", de=None, usuario=USUARIO))
        post(ejemplo(nombre))
        post(mensaje("dos", de=None, usuario=OTRO))
        [(externo, alias, n)] = chats(sql)
        assert OTRO in (externo, alias)
        assert n == 2


def test_a_change_of_somebody_unknown_opens_nothing(post: Post, sql: Sql) -> None:
    post(ejemplo("cambio_de_numero"))
    assert chats(sql) == []


def test_a_new_person_who_comes_ten_times_at_once_is_one(
    db: Database, canal: Bot, sql: Sql
) -> None:
    forms = [Persona(TELEFONO), Persona(TELEFONO, USUARIO), Persona(TELEFONO, USUARIO)] * 4

    def come(persona: Persona) -> int:
        key = {"empresa_id": canal.empresa_id, "canal_id": canal.canal_id}
        return open_person(db, **key, persona=persona).id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(come, forms))) == 1
    assert chats(sql) == [(TELEFONO, USUARIO, 0)]


# --- the owner's phone -------------------------------------------------------------------------


def test_the_owner_who_answers_by_phone_has_taken_the_chat(
    post: Post, work: Callable[[], None], canal: Bot, sql: Sql, emulador: Any
) -> None:
    post(mensaje("Quiero 2 martillos"))
    post(eco("Hola Ana, ya te atiendo", wamid="wamid.E"))
    post(eco("Hola Ana, ya te atiendo", wamid="wamid.E"), eco("¿De cuál?"))
    work()
    post(mensaje("Del grande"))
    work()
    assert emulador.aceptados == []
    assert sql("SELECT ia_activa, pendientes FROM chat") == [(False, 0)]
    said = [(m.remitente, m.texto, m.entrega) for m in canal.mensajes() if m.remitente != "usuario"]
    assert said == [
        ("agente", "Hola Ana, ya te atiendo", "enviada"),
        ("agente", "¿De cuál?", "enviada"),
    ]
    assert sql("SELECT actor FROM log WHERE accion = 'chat.tomar'") == [("telefono",)]


def test_every_word_of_the_owners_phone_begins_the_silence_anew(
    post: Post, work: Callable[[], None], sql: Sql
) -> None:
    post(mensaje("Quiero 2 martillos"))
    post(eco("Hola Ana, ya te atiendo", wamid="wamid.E"))
    later = "devolver_en - now() > interval '119 minutes'"
    assert sql(f"SELECT {later} FROM chat") == [(True,)]
    sql("UPDATE chat SET devolver_en = now() + interval '1 minute' RETURNING 1")
    post(eco("¿De cuál?", wamid="wamid.F"))
    assert sql(f"SELECT {later} FROM chat") == [(True,)]


def test_an_echo_of_our_own_reply_takes_nothing(
    post: Post, work: Callable[[], None], sql: Sql, emulador: Any
) -> None:
    post(mensaje("Hola"))
    work()
    [sent] = emulador.aceptados
    post(eco(sent.texto, wamid=sent.wamid))
    assert sql("SELECT ia_activa FROM chat") == [(True,)]
    assert sql("SELECT count(*) FROM mensaje") == [(2,)]


def test_the_owner_may_begin_the_conversation(post: Post, canal: Bot, sql: Sql) -> None:
    post(ejemplo("eco"), ejemplo("eco_retirado"))
    assert chats(sql) == [(TELEFONO, None, 1)]
    assert sql("SELECT ia_activa FROM chat") == [(False,)]


def test_stop_and_resume_are_the_customers_own(post: Post, sql: Sql) -> None:
    post(ejemplo("preferencia_basta"))
    assert chats(sql) == []
    post(mensaje("Hola", usuario=USUARIO))
    # The older one that comes once more undoes nothing.
    for nombre, baja in (
        ("preferencia_basta", True),
        ("preferencia_sigue", False),
        ("preferencia_basta", False),
    ):
        post(ejemplo(nombre), ejemplo(nombre))
        assert sql("SELECT baja FROM chat") == [(baja,)]
    told = {"user_id": USUARIO, "category": "marketing_messages", "value": "stop"}
    post(sobre({"user_preferences": [told]}, "user_preferences"))
    assert sql("SELECT baja FROM chat") == [(True,)]
