"""The real seller, answering in this process what was written over HTTP."""

from core.agente.turno import Vendedor
from core.wiring import Servicios
from tests.acceso import Tienda


def vendedor_de(servicios: Servicios) -> Vendedor:
    return Vendedor(
        db=servicios.db,
        cola=servicios.cola,
        # Bursts end at once.
        settings=servicios.settings.model_copy(update={"ventana_rafaga_ms": 0}),
        canales=servicios.canales,
        buscador=servicios.buscador,
        worker="prueba",
        oido=servicios.oido,
    )


def contesta(servicios: Servicios, tienda: Tienda, chat_id: str = "c-1") -> str:
    """Answer everything that waits in the chat; how that ended."""
    seller = vendedor_de(servicios)
    ended = seller.answer_chat(empresa_id=tienda.empresa_id, chat_id=tienda.chat(chat_id))
    assert ended.error is None, ended.error
    return ended.estado
