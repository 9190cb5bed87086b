"""Work that waits, planted in a shop's rows, and the figures that should tell of it."""

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from tests.acceso import Tienda


def figures(text_: str) -> dict[str, float]:
    """`name{label=value}` → value."""
    return {
        sample.name
        + "".join(f"{{{k}={v}}}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text_)
        for sample in family.samples
    }


def waiting(tienda: Tienda, *, seconds: int) -> None:
    """An unanswered message and an undelivered reply, both `seconds` old."""
    chat = tienda.chat("espera")
    key = {"e": tienda.empresa_id, "c": chat, "k": tienda.creada.canal_id, "s": seconds}
    with tienda.db.empresa(tienda.empresa_id) as session:
        for orden, remitente, estado, entrega in (
            (1, "usuario", "pendiente", "ninguna"),
            (2, "bot", "procesado", "incierta"),
        ):
            session.execute(
                text(
                    "INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, estado,"
                    " entrega, entrega_desde, creado_en) VALUES (:e, :k, :c, :o, :r, :m, :n,"
                    " now() - make_interval(secs => :s), now() - make_interval(secs => :s))"
                ),
                {**key, "o": orden, "r": remitente, "m": estado, "n": entrega},
            )
        session.execute(
            text("UPDATE chat SET pendientes = 1, turno_desde = now() WHERE id = :c"), key
        )


def importing(tienda: Tienda, *, seconds: int) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO importacion (empresa_id, nombre_archivo, modo, creada_en) VALUES "
                "(:e, 'x.csv', 'actualizar', now() - make_interval(secs => :s))"
            ),
            {"e": tienda.empresa_id, "s": seconds},
        )
