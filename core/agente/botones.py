"""What a customer may press in place of writing it: the answers to what was just asked."""

from core.agente.estado import Memoria
from core.ports import Boton

# Said of a button that is older than the last reply: the offer it was under may be another by now.
_QUE_HAY = "¿cómo va mi pedido?"

CONFIRMAR = Boton("Confirmar", valor="sí, confirmo", despues=_QUE_HAY)
CANCELAR = Boton("Cancelar", valor="no", despues=_QUE_HAY)


def botones_de(memoria: Memoria) -> tuple[Boton, ...]:
    """One for each option that was listed, else yes and no to what is on offer, else none."""
    pregunta, oferta = memoria.pregunta, memoria.oferta
    if pregunta is not None and len(pregunta.nombres) > 1:
        return tuple(
            Boton(f"{n}) {nombre}", valor=str(n), despues=f"¿tienen {nombre}?")
            for n, nombre in enumerate(pregunta.nombres, 1)
        )
    if pregunta is None and oferta is not None and not oferta.aceptada:
        return (CONFIRMAR, CANCELAR)
    return ()
