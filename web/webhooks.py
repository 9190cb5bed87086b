"""Where providers knock. Proof first; then only the ids are read, and the update is stored whole.

An answer that is not 200 makes a provider send the update again: that is what keeps a message
while our database is away, and why nothing that would fail for ever may be refused.
"""

import hashlib
import hmac

from flask import Response, json, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from sqlalchemy import select

from core.adapters.telegram_entrada import Entrada
from core.adapters.telegram_sobre import storable
from core.errors import Forbidden, Invalid
from core.models import Canal, TipoCanal
from web.auth import publica
from web.datos import servicios

api = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", abp_tags=[Tag(name="Webhooks")])

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
# The longest text with the most elaborate envelope is far below it.
_MAX_BYTES = 512 * 1024


class ClavePath(BaseModel):
    clave: str


@api.post("/telegram/<clave>", summary="Un mensaje de Telegram (lo llama Telegram)")
@publica
def receive_telegram(path: ClavePath) -> Response:
    """Stored when this answers 200. 403 without the canal's secret, whatever is wrong with it."""
    empresa_id, canal_id = _prove(path.clave, request.headers.get(SECRET_HEADER, ""))
    request.max_content_length = _MAX_BYTES
    try:
        crudo = storable(json.loads(request.get_data(cache=False)))
    except (ValueError, RecursionError) as e:
        raise Invalid("El cuerpo no es JSON.") from e
    s = servicios()
    entrada = Entrada(s.db, s.cola, s.settings, s.metricas)
    pulsacion = entrada.receive_update(crudo, empresa_id=empresa_id, canal_id=canal_id)
    if pulsacion is None:
        return Response(status=200)
    # Telegram carries out a call that it finds in the answer: the customer's button stops turning
    # at once, and we need to call nobody.
    return jsonify({"method": "answerCallbackQuery", "callback_query_id": pulsacion})


def _prove(clave: str, secreto: str) -> tuple[int, int]:
    """(empresa_id, canal_id) of the canal that knows this secret. Raises Forbidden alike for a
    canal that is not there and for a secret that is not its own."""
    with servicios().db.sistema() as session:
        found = session.execute(
            select(Canal.empresa_id, Canal.id, Canal.secreto_hash).where(
                # NUL is in no row, and would be an error of another kind.
                Canal.clave == clave.replace("\0", ""),
                Canal.tipo == TipoCanal.TELEGRAM.value,
            )
        ).one_or_none()
    given = hashlib.sha256(secreto.encode("utf-8", "replace")).hexdigest()
    kept = found.secreto_hash if found and found.secreto_hash else hashlib.sha256().hexdigest()
    # Both sides are hashes: neither time nor the stored value tells anything about the secret.
    if not hmac.compare_digest(given, kept) or found is None or not secreto:
        raise Forbidden("El secreto no corresponde.")
    return found.empresa_id, found.id
