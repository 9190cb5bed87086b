"""Where Meta knocks for WhatsApp: one POST may bring many messages, and news of our own.

Proof first: the signature is of the bytes as they came. What is not about the canal's own number
is skipped, and so is what nobody knows: only an outage may be answered with anything but 200.
"""

import hashlib
import hmac
from typing import Any

import structlog
from flask import Response, json, request
from flask_openapi3 import APIBlueprint, Tag
from sqlalchemy import select

from core.adapters.telegram_sobre import storable
from core.adapters.whatsapp_avisos import Avisos, read_avisos
from core.errors import Forbidden, Invalid
from core.mensajes.acuses import apply_acuses
from core.mensajes.ecos import keep_preferencias, receive_ecos
from core.mensajes.identidad import move_person
from core.mensajes.lotes import receive_lote
from core.models import Canal, TipoCanal
from core.ports import CuentaCanal
from web.auth import publica
from web.datos import servicios
from web.webhooks import ClavePath

api = APIBlueprint(
    "webhooks_whatsapp", __name__, url_prefix="/webhooks", abp_tags=[Tag(name="Webhooks")]
)
_log = structlog.get_logger(__name__)

SIGNATURE_HEADER = "X-Hub-Signature-256"
# What Meta says a POST may be.
_MAX_BYTES = 3 * 1024 * 1024
_CHALLENGE_MAX = 512


@api.get("/whatsapp/<clave>", summary="Meta comprueba de quién es la dirección")
@publica
def verify_whatsapp(path: ClavePath) -> Response:
    """The challenge as it came, to whoever knows the canal's verify_token; else 403."""
    _, secretos = _canal(path.clave)
    given = request.args.get("hub.verify_token", "")
    challenge = request.args.get("hub.challenge", "")
    known = _same(given, str(secretos.get("verify_token") or ""))
    if not known or request.args.get("hub.mode") != "subscribe":
        raise Forbidden("El verify_token no corresponde.")
    return Response(challenge[:_CHALLENGE_MAX], mimetype="text/plain")


@api.post("/whatsapp/<clave>", summary="Mensajes y estados de WhatsApp (lo llama Meta)")
@publica
def receive_whatsapp(path: ClavePath) -> tuple[str, int]:
    """All of it is stored when this answers 200. 403 without the signature of the canal's own app,
    whatever is wrong with it."""
    cuenta, secretos = _canal(path.clave)
    request.max_content_length = _MAX_BYTES
    body = request.get_data(cache=False)
    signed = hmac.new(str(secretos.get("app_secret")).encode(), body, hashlib.sha256).hexdigest()
    if not _same(request.headers.get(SIGNATURE_HEADER, ""), f"sha256={signed}"):
        raise Forbidden("La firma no corresponde.")
    try:
        cuerpo = storable(json.loads(body))
    except (ValueError, RecursionError) as e:
        raise Invalid("El cuerpo no es JSON.") from e
    _keep(cuenta, read_avisos(cuerpo, numero=str(secretos.get("phone_number_id"))))
    return "", 200


def _keep(cuenta: CuentaCanal, avisos: Avisos) -> None:
    """Everything may be said again: what is known changes nothing."""
    s = servicios()
    key = {"empresa_id": cuenta.empresa_id, "canal_id": cuenta.id}
    if avisos.ajenos:
        _log.info("avisos de whatsapp ajenos", canal=cuenta.id, n=avisos.ajenos)
    for moved in avisos.mudanzas:
        move_person(s.db, **key, viejo=moved.viejo, nuevo=moved.nuevo)
    stored = receive_lote(s.db, s.cola, s.settings, **key, llegadas=avisos.llegadas)
    for _ in filter(lambda got: got.nuevo, stored):
        s.metricas.mensaje_recibido(canal=TipoCanal.WHATSAPP.value)
    receive_ecos(s.db, **key, ecos=avisos.ecos)
    if avisos.acuses:
        _, pausa = s.settings.envio_ritmo(TipoCanal.WHATSAPP.value)
        apply_acuses(s.db, **key, acuses=avisos.acuses, pausa=pausa)
    if avisos.preferencias:
        keep_preferencias(s.db, **key, preferencias=avisos.preferencias)


def _canal(clave: str) -> tuple[CuentaCanal, dict[str, Any]]:
    """The canal behind a path, and its secrets. Raises Forbidden for one that is not there."""
    s = servicios()
    with s.db.sistema() as session:
        found = session.execute(
            select(Canal.empresa_id, Canal.id).where(
                # NUL is in no row, and would be an error of another kind.
                Canal.clave == clave.replace("\0", ""),
                Canal.tipo == TipoCanal.WHATSAPP.value,
            )
        ).one_or_none()
    if found is None:
        raise Forbidden("La firma no corresponde.")
    with s.db.empresa(found.empresa_id) as session:
        credenciales = session.scalar(
            select(Canal.credenciales).where(
                Canal.empresa_id == found.empresa_id, Canal.id == found.id
            )
        )
    if credenciales is None:
        raise Forbidden("La firma no corresponde.")
    cuenta = CuentaCanal(found.empresa_id, found.id, TipoCanal.WHATSAPP.value, clave, credenciales)
    return cuenta, s.credenciales(cuenta)


def _same(given: str, known: str) -> bool:
    """In a time that tells nothing of `known`, which is never empty."""
    return bool(known) and hmac.compare_digest(
        hashlib.sha256(given.encode("utf-8", "replace")).digest(),
        hashlib.sha256(known.encode("utf-8", "replace")).digest(),
    )
