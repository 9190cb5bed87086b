"""Sayings that begin like a yes, or could pass for one: none of them may buy anything."""

from decimal import Decimal

import pytest

from core.agente.comprension import Contexto, Espera
from core.agente.entender import entender

CASI_SI = """
no hay trato
ya sé
buena oferta
me quedo sin plata
me quedo pobre
claro que es mucho
claro que no
sí, ajá, y mi abuela tiene ruedas
sí mentira
sí, pero no
si acaso
si quieres
si puedes bajarle
sí, en otra ocasión
sí mañana
ok mañana
va mañana te digo
listo, ya vuelvo
dale, lo pienso
vale, lo consulto
bueno no sé
bueno, a ver
a ver
ok, y el envío
ok pero
ok cuánto sería
bueno cuánto es
perfecto pero falta algo
sí, falta un codo
sí y no
ni sí ni no
claro, claro... luego
de una pero no tengo plata
eso no era
eso es caro
eso es todo
ya no
ya fue
ya vi
ya entendí
ok entiendo
ok, entendido
va a llover
vale la pena?
vale la pena pensarlo
vale ya veo
listo para qué
bien gracias y tú
bien gracias
está bien caro
está bien, pero otro día
me sirve si es para hoy
me sirve otro
me llevo 3
los quiero gratis
los quiero regalados
lo quiero de otro color
quiero que me los regales
dámelos fiados
dámelos a crédito
mándalos gratis
anótalo para después
apártalos
confirmo mañana
confirmo más tarde
confirma tú el precio
confírmame si hay
confírmame el total
confirmo que no quiero
no confirmo
sin confirmar
antes de confirmar quiero saber la marca
te confirmo luego
por confirmar
sí? seguro?
seguro que no
seguro hay más barato
obvio no
obvio que está caro
exacto, muy caro
correcto, muy caro
trato de ahorrar
hecho en china?
dale una rebajita
dale bájale
dale al precio
hágale una rebaja
hágale pero con descuento
adelante si me das factura
acepto si incluye envío
acepto tarjeta?
aceptan tarjeta
compro si baja
compraría 20
llevo solo dos
llevo uno
me los llevo si me das crédito
los llevo mañana
los llevo el lunes
los llevaría
me los llevaría
me gustarían más
todo bien?
todo caro
todos?
va siendo hora
sale muy caro
sale más barato en otro lado
listo cancela
ok cancela
sí cancela
sí, cancélalo
sí, anúlalo
sí quítalo
sí, bórralo
sí, quiero cancelar
sí, hablar con un asesor
sí, un asesor
sí no
sí nada
sí claro, y qué más
jaja sí claro
claro jaja
sí, sí, cómo no, a ese precio
ok lo voy a ver
lo que sea
lo que tú digas
como quieras
""".strip().splitlines()

_OFERTAS = [
    Contexto(Espera.OFERTA, (("Martillo de uña 16 oz", Decimal(7)),)),
    Contexto(Espera.OFERTA, (("Martillo", Decimal(10)), ('Brocha 2"', Decimal(3)))),
]


@pytest.mark.parametrize("texto", CASI_SI)
def test_it_is_no_yes(texto: str) -> None:
    for oferta in _OFERTAS:
        assert not entender([texto], oferta).confirma


@pytest.mark.parametrize("texto", ["sí", "dale", "confirmo", "7"])
def test_without_an_offer_there_is_nothing_to_confirm(texto: str) -> None:
    for espera in Espera:
        if espera not in (Espera.OFERTA, Espera.DATOS):
            assert not entender([texto], Contexto(espera)).confirma
