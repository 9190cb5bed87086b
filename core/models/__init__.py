"""Every row, as PostgreSQL keeps it; how they are made is told in `base`."""

from core.models.archivos import Archivo
from core.models.base import (
    Base,
    Entrega,
    EstadoMensaje,
    EstadoVenta,
    Remitente,
    Rol,
    TipoCanal,
    Via,
)
from core.models.busqueda import Busqueda, Demanda, Embedding, Indexacion, ProductoEmbedding
from core.models.catalogo import (
    Importacion,
    ImportacionCambio,
    ImportacionFila,
    Movimiento,
    Producto,
)
from core.models.chats import Chat, Cliente, Evento, Mensaje
from core.models.cuentas import Canal, Empresa, Log, Sesion, Usuario
from core.models.documentos import Documento, PasajeGuardado
from core.models.equipo import Aviso, Destinatario
from core.models.modelo import ConsumoModelo, RespuestaGuardada
from core.models.prompts import Prompt
from core.models.turnos import TurnoRegistrado
from core.models.ventas import Venta, VentaLinea

__all__ = [
    "Archivo",
    "Aviso",
    "Base",
    "Busqueda",
    "Canal",
    "Chat",
    "Cliente",
    "ConsumoModelo",
    "Demanda",
    "Destinatario",
    "Documento",
    "Embedding",
    "Empresa",
    "Entrega",
    "EstadoMensaje",
    "EstadoVenta",
    "Evento",
    "Importacion",
    "ImportacionCambio",
    "ImportacionFila",
    "Indexacion",
    "Log",
    "Mensaje",
    "Movimiento",
    "PasajeGuardado",
    "Producto",
    "ProductoEmbedding",
    "Prompt",
    "Remitente",
    "RespuestaGuardada",
    "Rol",
    "Sesion",
    "TipoCanal",
    "TurnoRegistrado",
    "Usuario",
    "Venta",
    "VentaLinea",
    "Via",
]
