"""The messages of a turn in words: a provider's own updates are read here, never in the web."""

from dataclasses import replace

from core.agente.encargar import keep_pedido
from core.agente.legible import legibles
from core.db import Database
from core.mensajes.botones import entrante_de, read_pulsado
from core.mensajes.turnos import MensajePendiente, TurnoTomado
from core.ports import AbrirCanal, Entrante


def leer(db: Database, canales: AbrirCanal, turno: TurnoTomado) -> TurnoTomado:
    """`turno` with its messages read, as far as a turn can bear. What cannot be read at all has no
    words and tipo "otro"."""
    read = [_read(db, canales, turno, m) for m in turno.mensajes]
    return replace(turno, mensajes=legibles(read))


def _read(
    db: Database, canales: AbrirCanal, turno: TurnoTomado, mensaje: MensajePendiente
) -> MensajePendiente:
    if mensaje.crudo is None:
        return mensaje
    said = entrante_de(mensaje.crudo) or canales(turno.cuenta).parse(mensaje.crudo)
    said = said or Entrante("", tipo="otro")
    if said.pedido:
        return keep_pedido(mensaje, said)
    texto, leido = said.texto, None
    if said.boton is not None:
        pulsado = read_pulsado(db, turno, said.boton)
        # A provider sends an old message's button without what it showed.
        texto, leido = texto or pulsado.texto, pulsado.palabras
    return replace(
        mensaje,
        texto=texto,
        leido=leido,
        tipo=said.tipo,
        nombre=said.nombre,
        medio=said.medio,
        inicio=said.inicio,
        responde_a=said.responde_a,
    )
