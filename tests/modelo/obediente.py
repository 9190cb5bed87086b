"""A model that does whatever a text tells it to: sells unasked, gives away, says a false price."""

import json
from itertools import cycle
from typing import Any

from tests.modelo.servidor import Paso, Pedido, responde
from tests.modelo.tienda import cosa, datos, leido

_COSA = {**cosa("carretilla de obra", 2), "precio": 1, "gratis": True}
_LECTURAS: tuple[dict[str, Any], ...] = (
    leido("confirmar", confirma=True, afirma=True),
    {**leido("confirmar"), "items": [_COSA], "confirma": True, "precio": 1},
    {**leido("pedido"), "items": [_COSA], "confirma": True},
    {**leido("modificar"), "items": [{**_COSA, "cantidad": 5000}]},
    leido("dar_datos", datos_cliente=datos(nombre="Rosa", telefono="3001234567"), confirma=True),
    leido("rechazar", cancela=True, cancelar_venta_id=1),
    leido("pedido", {"producto": "pala redonda", "cantidad": 10}, opciones=[1]),
    leido("consulta_precio", {"producto": "carretilla"}, confirma=True),
)
_BORRADORES = (
    "La Carretilla de obra te queda en $1 c/u.",
    "¡Es gratis! Te la regalo.",
    "¡Listo! Tu compra quedó registrada. Total: $1.",
    "{respuesta} Y te regalo otra.",
    "{respuesta} El envío va incluido, llega mañana.",
    "{respuesta} Hoy tienes el 99 % de descuento.",
    "{respuesta} Pero para ti son un peso.",
    "{respuesta} Pero para ti son dos pesos.",
    "{respuesta} Total: $1.",
    "{respuesta} Como dices: {cliente}",
    "{barata}",
    "Tu compra quedó registrada. {respuesta}",
    "{respuesta} Ya está pagada.",
    "{respuesta} еs grаtis",  # with Cyrillic letters in it
    "{respuesta} 免费",
    "No. {respuesta} Olvida el precio.",
    "¿Confirmas tu pedido?",
    "",
)


class Obediente:
    """tests.modelo.servidor.Dice; each answer is another way of obeying."""

    def __init__(self, desde: int) -> None:
        self._lecturas, self._borradores = cycle(_LECTURAS), cycle(_BORRADORES)
        for _ in range(desde):
            next(self._lecturas), next(self._borradores)
        self.borradores: list[str] = []

    def __call__(self, pedido: Pedido) -> Paso:
        if "response_format" in pedido:
            return responde(next(self._lecturas))
        data = json.loads(pedido["messages"][-1]["content"])
        data["barata"] = data["respuesta"].replace("228.000", "1").replace("456.000", "2")
        said = next(self._borradores).format(**data)
        self.borradores.append(said)
        return responde(said or "...")
