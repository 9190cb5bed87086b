"""Who of the shop is told of sales and of customers who wait, for its admin."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.mensajes.equipo import destinatarios
from core.models import Canal, Destinatario, Rol, Via
from web.auth import identidad, requires
from web.campos import Id, Nombre, Texto
from web.datos import servicios, sesion
from web.esquemas import Lista
from web.esquemas_equipo import AvisoPedido, DestinatarioCreado, DestinatarioVisto
from web.paginas import Pagina, take_page

api = APIBlueprint(
    "destinatarios", __name__, url_prefix="/destinatarios", abp_tags=[Tag(name="Destinatarios")]
)


class DestinatarioNuevo(BaseModel):
    """`canal_id` en telegram y whatsapp; `email` en email."""

    model_config = ConfigDict(extra="forbid")

    via: Via
    nombre: Nombre
    canal_id: int | None = None
    email: Texto | None = None
    usuario_id: int | None = None
    ventas: bool = True
    derivaciones: bool = True


class DestinatarioCambios(BaseModel):
    """Lo que no se nombra, queda como está."""

    model_config = ConfigDict(extra="forbid")

    nombre: Nombre | None = None
    ventas: bool | None = None
    derivaciones: bool | None = None


@api.get("/", summary="A quién se avisa", responses={200: Lista[DestinatarioVisto]})
@requires(Rol.ADMIN)
def list_destinatarios(query: Pagina) -> dict[str, Any]:
    session, empresa_id = sesion(), identidad().empresa_id
    mine = select(Destinatario).where(Destinatario.empresa_id == empresa_id)
    pagina = take_page(session, mine, by=(Destinatario.id,), query=query)
    return pagina.answer_with(_show(session, empresa_id, pagina.filas))


@api.post(
    "/",
    summary="Avisar a alguien más: un correo, o un chat que se enlaza con un código",
    responses={201: DestinatarioCreado},
)
@requires(Rol.ADMIN)
def create_destinatario(body: DestinatarioNuevo) -> tuple[dict[str, Any], int]:
    session = sesion()
    who, codigo = destinatarios.create_destinatario(
        session,
        destinatarios.Nuevo(
            via=body.via,
            nombre=body.nombre,
            canal_id=body.canal_id,
            email=body.email.strip() if body.email else None,
            usuario_id=body.usuario_id,
            ventas=body.ventas,
            derivaciones=body.derivaciones,
        ),
        empresa_id=identidad().empresa_id,
        actor=identidad().actor,
    )
    shown = _show_new(session, who, codigo)
    session.commit()
    return shown, 201


@api.patch("/<int:id>", summary="De qué se le avisa", responses={200: DestinatarioVisto})
@requires(Rol.ADMIN)
def change_destinatario(path: Id, body: DestinatarioCambios) -> dict[str, Any]:
    session, who = sesion(), identidad()
    changed = destinatarios.update_destinatario(
        session,
        empresa_id=who.empresa_id,
        destinatario_id=path.id,
        actor=who.actor,
        nombre=body.nombre,
        ventas=body.ventas,
        derivaciones=body.derivaciones,
    )
    shown = _show(session, who.empresa_id, [changed])[0]
    session.commit()
    return shown


@api.delete("/<int:id>", summary="No avisarle más")
@requires(Rol.ADMIN)
def delete_destinatario(path: Id) -> tuple[str, int]:
    session, who = sesion(), identidad()
    destinatarios.delete_destinatario(
        session, empresa_id=who.empresa_id, destinatario_id=path.id, actor=who.actor
    )
    session.commit()
    return "", 204


@api.post(
    "/<int:id>/codigo",
    summary="Otro código, para enlazar otro chat",
    responses={200: DestinatarioCreado},
)
@requires(Rol.ADMIN)
def renew_codigo(path: Id) -> dict[str, Any]:
    session, me = sesion(), identidad()
    who, codigo = destinatarios.renew_codigo(
        session, empresa_id=me.empresa_id, destinatario_id=path.id, actor=me.actor
    )
    shown = _show_new(session, who, codigo)
    session.commit()
    return shown


@api.post("/<int:id>/probar", summary="Enviarle un aviso de prueba", responses={202: AvisoPedido})
@requires(Rol.ADMIN)
def probe_destinatario(path: Id) -> tuple[dict[str, Any], int]:
    session = sesion()
    tarea, ids = destinatarios.probe_destinatario(
        session, empresa_id=identidad().empresa_id, destinatario_id=path.id
    )
    session.commit()
    servicios().cola.ring(tarea, **ids)
    return {"destinatario_id": path.id, "estado": "encolado"}, 202


# How the last one went: what became a mensaje of their chat is told by that. One query for all.
_LAST = text(
    """
    SELECT d.id, a.creado_en, coalesce(c.cerrado, false) AS cerrado,
        coalesce(m.entrega, a.estado) AS estado,
        CASE WHEN a.mensaje_id IS NULL THEN a.error ELSE m.error END AS error
    FROM destinatario d
    LEFT JOIN chat c ON c.empresa_id = d.empresa_id AND c.canal_id = d.canal_id
        AND c.externo = d.externo
    LEFT JOIN LATERAL (
        SELECT * FROM aviso x WHERE x.empresa_id = d.empresa_id AND x.destinatario_id = d.id
        ORDER BY x.id DESC LIMIT 1
    ) a ON true
    LEFT JOIN mensaje m ON m.empresa_id = a.empresa_id AND m.id = a.mensaje_id
    WHERE d.empresa_id = :empresa_id AND d.id = ANY(:ids)
    """
)


def _show(session: Session, empresa_id: int, whole: list[Destinatario]) -> list[dict[str, Any]]:
    rows = session.execute(_LAST, {"empresa_id": empresa_id, "ids": [d.id for d in whole]})
    last = {row.id: row for row in rows}
    return [
        {
            "id": d.id,
            "via": d.via,
            "nombre": d.nombre,
            "canal_id": d.canal_id,
            "email": d.externo if d.via == Via.EMAIL.value else None,
            "usuario_id": d.usuario_id,
            "ventas": d.ventas,
            "derivaciones": d.derivaciones,
            "estado": "cerrado" if last[d.id].cerrado else d.estado,
            "enlazado_en": d.enlazado_en.isoformat() if d.enlazado_en else None,
            "ultimo_aviso": {
                "estado": last[d.id].estado,
                "error": last[d.id].error,
                "creado_en": last[d.id].creado_en.isoformat(),
            }
            if last[d.id].creado_en
            else None,
            "creado_en": d.creado_en.isoformat(),
        }
        for d in whole
    ]


def _show_new(session: Session, who: Destinatario, codigo: str | None) -> dict[str, Any]:
    canal = session.get(Canal, (who.empresa_id, who.canal_id)) if who.canal_id else None
    enlace = destinatarios.enlace_de_inicio(canal, codigo) if canal and codigo else None
    return {**_show(session, who.empresa_id, [who])[0], "codigo": codigo, "enlace": enlace}
