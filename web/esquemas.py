"""The JSON of answers, for the API's description; tests hold real answers against it."""

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

# Money is a decimal text beside its moneda, taxes included.
_DINERO = r"^-?\d+\.\d\d$"


class _Respuesta(BaseModel):
    model_config = ConfigDict(extra="forbid")


# For the shapes that have a file of their own.
Respuesta = _Respuesta
DINERO = _DINERO


class Lista(_Respuesta, Generic[T]):
    elementos: list[T]
    siguiente: str | None = Field(description="El cursor de la página siguiente.")


class EmpresaVista(_Respuesta):
    id: int
    nombre: str
    moneda: str


class AjustesVistos(_Respuesta):
    """Los que rigen, con los valores por defecto ya puestos."""

    locale: str
    pais: str | None
    trato: Literal["tu", "usted", "vos"]
    tono: Literal["cercano", "neutro", "formal"]
    datos_requeridos: list[str]
    informacion: dict[str, str] = Field(description="Por tema.")
    minutos_para_cambiar: int
    oferta_horas: int
    minutos_silencio_persona: int
    bot_activo: bool
    horario_atencion: dict[str, list[str]] | None = Field(description="Por día de la semana.")
    zona_horaria: str | None
    festivos: list[date]
    politica_descuento: str | None
    tope_modelo_mensual: str | None


class EmpresaAjustada(EmpresaVista):
    ajustes: AjustesVistos
    avisados: int = Field(description="A cuántos se avisa de quien espera a una persona.")
    pista: str | None = Field(description="Lo que conviene arreglar.")


class PromptEnLista(_Respuesta):
    nombre: str
    version: int = Field(description="La que rige; 0: el original, nunca se cambió.")
    propio: bool = Field(description="false: rige el original.")


class PromptVisto(PromptEnLista):
    contenido: str = Field(description="El que rige.")
    original: str = Field(description="El de la instalación.")


class VersionVista(_Respuesta):
    version: int
    contenido: str | None = Field(description="null: se volvió al original.")
    usuario_id: int | None
    creado_en: datetime


class TurnoEnsayado(_Respuesta):
    turno_id: int
    antes: str = Field(description="Con las palabras de hoy.")
    despues: str = Field(description="Con las nuevas.")
    cambia: bool
    rechazado: bool = Field(description="El verificador no lo dejaría salir.")


class UsuarioVisto(_Respuesta):
    id: int
    email: str
    nombre: str | None
    rol: str


class Yo(_Respuesta):
    empresa: EmpresaVista
    usuario: UsuarioVisto


class Tokens(_Respuesta):
    access_token: str = Field(description="Va en Authorization: Bearer …")
    refresh_token: str = Field(description="Vale una vez, en /auth/refresh.")


class Entrada(Yo, Tokens):
    """Lo que devuelven el registro y el login."""


class CanalVisto(_Respuesta):
    id: int
    tipo: Literal["web", "telegram", "whatsapp"]
    nombre: str
    clave: str = Field(description="Pública: la del widget, o el final del webhook.")
    estado: Literal["verificando", "activo", "error"]
    detalle: str | None
    webhook_url: str | None
    fragmento: str | None = Field(description="Lo que se pega en el sitio de la tienda.")
    por_defecto: bool
    ajustes: dict[str, Any]


class LineaVista(_Respuesta):
    producto_id: int
    sku: str | None
    nombre: str
    cantidad: float
    precio_unitario: str = Field(pattern=_DINERO)
    subtotal: str = Field(pattern=_DINERO)


class VentaVista(_Respuesta):
    id: int
    chat_id: str | None
    estado: Literal["confirmada", "cancelada"]
    total: str = Field(pattern=_DINERO)
    moneda: str
    cliente: dict[str, Any]
    lineas: list[LineaVista]
    creada_en: datetime
    cancelada_en: datetime | None


EstadoVenta = Literal["ninguna", "oferta", "datos", "confirmada", "cancelada"]


class SesionAbierta(_Respuesta):
    chat_id: str
    token: str = Field(description="Va en Authorization: Bearer …; abre este chat y ningún otro.")


class Encolado(_Respuesta):
    mensaje_id: int
    chat_id: str
    estado: Literal["encolado"]
    eventos: str = Field(description="Por dónde llega la respuesta.")


class Contestado(_Respuesta):
    mensaje_id: int
    respuesta: str
    estado_venta: EstadoVenta
    venta: VentaVista | None


class BotonVisto(_Respuesta):
    id: str = Field(description="Se devuelve como `boton` al pulsarlo.")
    texto: str


class ArchivoVisto(_Respuesta):
    id: int = Field(description="Se lee en /archivos/{id} cuando está `listo`.")
    tipo: Literal["imagen", "audio"]
    estado: Literal["pendiente", "recibido", "listo", "rechazado"]
    error: str | None = Field(description="Por qué se rechazó.")
    mime: str | None
    bytes: int | None
    ancho: int | None
    alto: int | None


class MensajeVisto(_Respuesta):
    id: int
    orden: int
    remitente: Literal["usuario", "bot", "agente"]
    mensaje: str
    tipo: str
    timestamp: datetime
    estado: str
    estado_venta: EstadoVenta = Field(description="Como quedó después de este mensaje.")
    entrega: Literal[
        "ninguna",
        "pendiente",
        "enviando",
        "incierta",
        "enviada",
        "entregada",
        "leida",
        "fallida",
        "retenida",
    ]
    error: str | None = Field(
        description="Por qué no se ha podido entregar: fuera_de_ventana, no_entregable:131026…"
    )
    venta_id: int | None
    id_externo: str | None
    botones: list[BotonVisto] = Field(description="Lo que se puede pulsar en vez de escribirlo.")
    archivo: ArchivoVisto | None = Field(description="La foto o el audio que trae.")
    transcripcion: str | None = Field(
        description="Lo que un modelo oyó o vio en él; nunca para el cliente."
    )


class HistorialVisto(_Respuesta):
    chat_id: str
    mensajes: list[MensajeVisto]
    ultimo_evento: int = Field(description="Para Last-Event-ID: seguir desde aquí no pierde nada.")


class CanalDeChat(_Respuesta):
    id: int
    tipo: str
    nombre: str


class ClienteVisto(_Respuesta):
    nombre: str | None
    datos: dict[str, Any]


class LineaDeCarrito(_Respuesta):
    sku: str | None
    nombre: str
    cantidad: float
    precio_unitario: str | None


class QuienTiene(_Respuesta):
    quien: str = Field(description="usuario:<id>, o destinatario:<id> si fue desde su teléfono.")
    nombre: str | None


class ChatVisto(_Respuesta):
    chat_id: str
    canal: CanalDeChat
    cliente: ClienteVisto | None
    estado_venta: EstadoVenta
    ia_activa: bool = Field(description="false: una persona tiene el chat.")
    tomado_por: QuienTiene | None
    tomado_en: datetime | None
    devolver_en: datetime | None = Field(
        description="Cuándo vuelve al bot si nadie escribe; null: nunca, o lo tiene el bot."
    )
    espera_humano: bool
    resumen: str | None = Field(description="Qué pasaba cuando se llamó a una persona.")
    baja: bool = Field(description="Pidió que no le escriban, y no ha vuelto a preguntar.")
    cerrado: bool
    pendientes: int
    carrito: list[LineaDeCarrito]
    creado_en: datetime
    actualizado_en: datetime


class MensajeEscrito(_Respuesta):
    mensaje_id: int
    chat_id: str


class LogVisto(_Respuesta):
    id: int
    accion: str
    actor: str
    objeto: str | None
    datos: dict[str, Any]
    creado_en: datetime


class _Cifras(_Respuesta):
    chats: int
    mensajes: int = Field(description="De clientes.")
    turnos: int = Field(description="Respuestas del bot.")
    ventas: int
    importe: str = Field(pattern=_DINERO)
    cancelaciones: int
    importe_cancelado: str = Field(pattern=_DINERO)


class UsoDia(_Cifras):
    fecha: date


class Uso(_Cifras):
    desde: datetime
    hasta: datetime
    moneda: str
    productos: int = Field(description="Activos, ahora.")
    dias: list[UsoDia] = Field(description="Los que tuvieron alguna actividad (UTC).")


class Vaciado(_Respuesta):
    eliminados: dict[str, int] = Field(description="Filas por tabla.")


class VaciadoGlobal(Vaciado):
    empresas: int


class ProductoVisto(_Respuesta):
    id: int
    sku: str | None
    nombre: str
    descripcion: str
    categoria: str
    marca: str
    unidad: str
    precio: str = Field(pattern=_DINERO)
    moneda: str
    stock: float
    activo: bool


class ProductoHallado(ProductoVisto):
    puntaje: float | None = Field(
        default=None, description="Con q: qué tan seguro es, de 0 a 1.", ge=0, le=1
    )
    motivo: str | None = Field(
        default=None, description="Con q: nombre, código, parecido o sinónimo, significado …"
    )


class DemandaVista(_Respuesta):
    texto: str
    veces: int
    primera_en: str
    ultima_en: str


class SinonimosVistos(_Respuesta):
    grupos: list[list[str]]


class ErrorDeArchivo(_Respuesta):
    codigo: str
    mensaje: str


class ComponenteVisto(_Respuesta):
    estado: Literal["ok", "degradado", "caido"]
    detalle: str = Field(description="Para la persona que mira.")


class SaludVista(_Respuesta):
    estado: Literal["ok", "degradado"]
    componentes: dict[str, ComponenteVisto]
