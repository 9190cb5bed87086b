"""Where a request's page stands: on this installation, or on another site that a shop named."""

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.cuentas.origenes import allows
from core.errors import OrigenNoPermitido
from core.models import Canal
from core.settings import Settings


def own_url(settings: Settings) -> str:
    """Where this installation is found: PUBLIC_URL, else as the caller found it. No last slash."""
    return (settings.public_url or request.host_url).rstrip("/")


def is_own(settings: Settings) -> bool:
    """Whether a browser's page of our own asks, or no page at all: programs send no Origin."""
    origin = request.headers.get("Origin")
    if origin is None or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    # By host only: behind a proxy that ends TLS we do not know our own scheme.
    host = origin.partition("://")[2]
    public = (settings.public_url or "").partition("://")[2].partition("/")[0]
    return bool(host) and host in (request.host, public)


def ensure_origen(session: Session, settings: Settings, *, empresa_id: int, canal_id: int) -> None:
    """Raises OrigenNoPermitido for a page of a site that the canal does not name."""
    if is_own(settings):
        return
    ajustes = session.scalar(
        select(Canal.ajustes).where(Canal.empresa_id == empresa_id, Canal.id == canal_id)
    )
    if not allows((ajustes or {}).get("origenes", ()), request.headers["Origin"]):
        raise OrigenNoPermitido("Ese sitio no está entre los orígenes del canal.")
