"""What a customer may press in place of writing it: the answers to what was just asked."""

from core.agente.estado import Memoria
from core.mensajes.botones import QUE_HAY
from core.ports import Boton

# Under an older reply neither answers: the offer may be another by now.
CONFIRMAR = Boton("Confirmar", valor="sí, confirmo", despues=QUE_HAY)
CANCELAR = Boton("Cancelar", valor="no", despues=QUE_HAY)


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
