"""Every word that the chat page shows, for its template and its scripts. `{n}` and the like are
filled in by whoever shows it.
"""

CHAT = {
    "titulo": "Chat con {tienda}",
    "descripcion": "Pregunta precios y existencias, y compra por chat.",
    "ir_a_escribir": "Ir a escribir un mensaje",
    "sin_javascript": "Este chat necesita JavaScript. Actívalo en tu navegador y recarga.",
    # Header
    "linea": "Precios, existencias y pedidos",
    "linea_conectando": "Conectando…",
    "linea_escribiendo": "Escribiendo…",
    "nueva": "Nueva conversación",
    # Welcome
    "saludo": "¡Hola! ¿Qué necesitas hoy?",
    "saludo_detalle": (
        "Pregunta por precios y existencias o haz tu pedido. Te respondemos al momento."
    ),
    "ejemplos": "Ejemplos para empezar",
    # Thread
    "conversacion": "Conversación",
    "anterior": "Conversación anterior",
    "anterior_fin": "Fin de la conversación anterior",
    "tu": "Tú",
    "tienda": "La tienda",
    "persona": "Una persona de la tienda",
    "escribiendo": "La tienda está escribiendo",
    "hoy": "Hoy",
    "ayer": "Ayer",
    "nuevos_uno": "1 mensaje nuevo",
    "nuevos_varios": "{n} mensajes nuevos",
    "ir_al_final": "Ir al final",
    "imagen": "Imagen",
    "audio": "Audio",
    "opciones": "Respuestas para elegir",
    "opciones_voz": "Puedes elegir: {opciones}",
    "archivo_preparando": "La tienda lo está recibiendo…",
    "archivo_fallo": "No se pudo cargar.",
    "archivo_rechazado": "La tienda no pudo abrir este archivo.",
    "foto_ver": "Ver la imagen más grande",
    "foto_cerrar": "Cerrar la imagen",
    # State of the customer's own messages
    "enviando": "Enviando…",
    "enviado": "Enviado",
    "sin_enviar": "Sin enviar. Seguimos intentando.",
    "rechazado": "No se pudo enviar.",
    "rechazado_demasiado_largo": "No se pudo enviar: es demasiado largo.",
    "rechazado_no_disponible": "No se pudo enviar: la tienda no recibe fotos ni notas de voz.",
    "rechazado_demasiado_grande": "No se pudo enviar: el archivo es demasiado grande.",
    "rechazado_demasiadas_peticiones": (
        "No se pudo enviar: son muchos archivos seguidos. Inténtalo más tarde o escribe."
    ),
    "rechazado_perdido": "Este archivo ya no está en tu navegador y no se puede enviar.",
    "subiendo": "Enviando… {n} %",
    "reintentar": "Reintentar",
    "descartar": "Descartar",
    # Composer
    "mensaje": "Escribe un mensaje",
    "enviar": "Enviar",
    "quedan": "Quedan {n} caracteres",
    "foto_enviar": "Enviar una foto",
    "foto_lista": "Foto lista para enviar",
    "foto_quitar": "Quitar la foto",
    "foto_ilegible": "No se pudo leer esa foto. Prueba con otra, en JPG o PNG.",
    "foto_grande": "Esa foto es demasiado grande.",
    "voz_grabar": "Grabar una nota de voz",
    "voz_grabando": "Grabando",
    "voz_tiempo": "{hay} de {max}",
    "voz_lista": "Nota de voz lista para enviar",
    "voz_parar": "Terminar de grabar",
    "voz_cancelar": "Descartar la nota de voz",
    "voz_sin_permiso": (
        "No hay permiso para usar el micrófono. Actívalo en tu navegador o escribe tu mensaje."
    ),
    "voz_sin_microfono": "No se encontró un micrófono. Escribe tu mensaje.",
    "voz_vacia": "No se grabó nada. Inténtalo de nuevo.",
    "cerrar": "Cerrar el chat",
    # Connection
    "sin_red": "Sin conexión a internet. Lo que escribas saldrá cuando vuelva.",
    "reconectando": "Se perdió la conexión con la tienda. Reconectando…",
    "conectado": "Conexión recuperada.",
    "sesion_renovada": "Tu sesión anterior terminó. Empezamos una conversación nueva.",
    "otra_pestana": "Se empezó una conversación nueva en otra pestaña.",
    "no_disponible": "Este chat no está disponible ahora. Recarga la página en unos minutos.",
    # Sale
    "venta_confirmada": "Venta confirmada",
    "venta_cancelada": "Venta cancelada",
    "venta_numero": "N.º {n}",
    "venta_cantidad": "{cantidad} × {precio}",
    "venta_sku": "Ref. {sku}",
    "venta_total": "Total",
    "venta_impuestos": "Impuestos incluidos",
    # New conversation
    "nueva_pregunta": "¿Empezar una conversación nueva?",
    "nueva_detalle": "La conversación actual dejará de verse en este dispositivo.",
    "nueva_pendientes_uno": "Hay 1 mensaje sin enviar y se descartará.",
    "nueva_pendientes_varios": "Hay {n} mensajes sin enviar y se descartarán.",
    "nueva_si": "Empezar de nuevo",
    "nueva_no": "Seguir en esta",
    # Instead of the chat
    "sin_tienda_titulo": "Todavía no hay una tienda aquí",
    "sin_tienda": "Esta instalación funciona, pero no tiene una tienda de demostración.",
    "sin_canal_titulo": "Este chat no está disponible",
    "sin_canal": "La tienda lo cerró o la dirección no es correcta.",
    "caida_titulo": "Volvemos enseguida",
    "caida": "La tienda no responde en este momento. Esta página se recarga sola.",
}

# Of the demo shop, which sells these.
EJEMPLOS = (
    "Quiero comprar 10 martillos.",
    "¿Cuánto cuesta el cemento?",
    "¿Tienen bombillos LED de 9W?",
)

# The button on the shop's own site, and the frame behind it.
WIDGET = {
    "abrir": "Abrir el chat con {tienda}",
    "cerrar": "Cerrar el chat",
    "marco": "Chat con {tienda}",
    "sin_leer": "{n} sin leer",
}

IR = {
    "titulo": "Una conversación de tu tienda",
    "detalle": (
        "Para contestarla, escribe /tomar {chat_id} en el chat donde recibes los avisos. Con tu "
        "cuenta puedes leerla entera en /chat/historial/{chat_id}; /docs explica cómo."
    ),
}

SIN_AVISADOS = (
    "Nadie recibe avisos de las conversaciones que esperan a una persona: añade a alguien en "
    "/destinatarios/, o míralas en /chats/?espera_humano=1."
)
