"""Telling the shop's own people: one row for each event and person, in the event's transaction."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.mensajes.equipo.palabras import asunto, di, nombre_de
from core.mensajes.turnos import MensajePendiente, TurnoTomado
from core.ports import Boton, Tarea

Timbres = tuple[tuple[Tarea, dict[str, int]], ...]
"""Bells to ring once the transaction is committed."""


@dataclass(frozen=True)
class Suceso:
    """What happened, in words. `clave` names it: nobody is told twice. `chat_id`: the row of the
    customer's chat, `publico` its public name; None for what is about none."""

    clave: str
    asunto: str
    texto: str
    chat_id: int | None = None
    publico: str | None = None


_TELL = text(
    """
    INSERT INTO aviso (empresa_id, destinatario_id, clave, asunto, texto, chat_id, botones, desde)
    SELECT :empresa_id, d.id, :clave, :asunto, :texto, :chat_id, :botones, now()
    FROM destinatario d
    WHERE d.empresa_id = :empresa_id AND d.estado = 'activo'
      AND CASE cast(:de AS text) WHEN 'ventas' THEN d.ventas WHEN 'derivaciones' THEN d.derivaciones
          ELSE d.id = cast(:solo AS bigint) END
    ORDER BY d.id
    ON CONFLICT DO NOTHING
    RETURNING destinatario_id
    """
).bindparams(bindparam("botones", type_=JSONB(none_as_null=True)))


def tell(
    session: Session,
    suceso: Suceso,
    *,
    empresa_id: int,
    de: Literal["ventas", "derivaciones"] | None = None,
    solo: int | None = None,
) -> Timbres:
    """Tell everybody who is told of `de`, or only destinatario `solo`. Saying it twice is once."""
    botones = [asdict(b) for b in botones_del_chat(suceso.publico)] if suceso.publico else None
    told = session.scalars(
        _TELL,
        {
            "empresa_id": empresa_id,
            "clave": suceso.clave,
            "asunto": suceso.asunto,
            "texto": suceso.texto,
            "chat_id": suceso.chat_id,
            "botones": botones,
            "de": de,
            "solo": solo,
        },
    ).all()
    return tuple(timbre(empresa_id, d) for d in told)


def timbre(empresa_id: int, destinatario_id: int) -> tuple[Tarea, dict[str, int]]:
    return Tarea.DELIVER_AVISOS, {"empresa_id": empresa_id, "destinatario_id": destinatario_id}


def botones_del_chat(publico: str) -> tuple[Boton, Boton]:
    """Pressing one says the command, however old the message is that it stands under."""
    return boton("boton_tomar", f"/tomar {publico}"), boton(
        "boton_devolver", f"/devolver {publico}"
    )


def boton(clave: str, orden: str) -> Boton:
    return Boton(di(clave), valor=orden, despues=orden)


# --- what a turn tells -------------------------------------------------------------------------


def tell_called(
    session: Session, turno: TurnoTomado, clave: str, *, resumen: str | None = None, **datos: Any
) -> Timbres:
    """A customer waits for a person from this turn on, because of what `clave` names: told once,
    until one of them comes, with what was happening just then. Who asks for one again half a day
    later, nobody having come, is told of again: they are promised one again."""
    if turno.equipo is not None:
        return ()
    if turno.visto.espera_humano and not _forgotten(session, turno):
        return ()
    nombre = nombre_de(_quien(turno))
    suceso = Suceso(
        clave=f"humano:{turno.chat_id}:{turno.mensajes[0].id}",
        asunto=asunto(clave, nombre=nombre),
        texto="\n".join(x for x in (di(clave, nombre=nombre, **datos), resumen) if x),
        chat_id=turno.chat_id,
        publico=turno.publico,
    )
    return tell(session, suceso, empresa_id=turno.empresa_id, de="derivaciones")


_LATELY = text(
    """
    SELECT EXISTS (SELECT FROM aviso WHERE empresa_id = :empresa_id AND chat_id = :chat_id
        AND clave LIKE 'humano:%' AND creado_en > now() - make_interval(hours => :horas))
    """
)
_OTRA_VEZ_HORAS = 12


def _forgotten(session: Session, turno: TurnoTomado) -> bool:
    key = {"empresa_id": turno.empresa_id, "chat_id": turno.chat_id}
    return not session.scalar(_LATELY, {**key, "horas": _OTRA_VEZ_HORAS})


def tell_silent(session: Session, turno: TurnoTomado) -> Timbres:
    """What nobody answers now: to the phone of whom has the chat each message, and while the
    whole bot is off, once that somebody wrote."""
    if turno.apagado:
        textos = "\n".join(_words(m) for m in turno.mensajes)
        return tell_called(session, turno, "apagado", texto=textos)
    kind, _, number = (turno.tomado_por or "").partition(":")
    if kind != "destinatario" or not number.isdecimal():
        return ()
    told: Timbres = ()
    nombre = nombre_de(_quien(turno))
    for m in turno.mensajes:
        suceso = Suceso(
            clave=f"mensaje:{m.id}",
            asunto=asunto("mensaje", nombre=nombre),
            texto=di("mensaje", nombre=nombre, texto=_words(m)),
            chat_id=turno.chat_id,
            publico=turno.publico,
        )
        told += tell(session, suceso, empresa_id=turno.empresa_id, solo=int(number))
    return told[:1]  # one bell takes all of them along


def _words(m: MensajePendiente) -> str:
    """What the customer saw themselves write: of a pressed button, what it showed."""
    return m.texto.strip() or m.palabras.strip() or di("sin_texto")


def _quien(turno: TurnoTomado) -> dict[str, Any]:
    known = next((m.nombre for m in turno.mensajes if m.nombre), None)
    return {"nombre": known, **turno.visto.cliente}
