"""What tests plant in a shop: one row of each kind, each text of it a canary."""

import json
from decimal import Decimal
from itertools import count
from secrets import token_hex
from typing import Any

from sqlalchemy import text

from core import cuentas
from core.mensajes.equipo.destinatarios import Nuevo, create_destinatario
from core.models import Canal, Chat, Cliente, Producto, Rol, TipoCanal, Via
from core.ports import LineaPedida
from core.ventas import record_venta
from tests.acceso import Tienda

CANARIO = f"canario{token_hex(6)}"
SECRETO = f"{CANARIO}-secreto"
# Tables without an empresa: pure functions of model and text, hashes and numbers (ADR 0010).
SHARED = {"embedding"}
_N = count(1)


def plant_all(tienda: Tienda) -> None:
    """At least one row in every table, so that whatever leaks sings."""
    plant_venta(tienda)
    plant_canal(tienda)
    plant_importacion(tienda)
    plant_busqueda(tienda)
    plant_turno(tienda)
    plant_prompt(tienda)
    plant_documento(tienda)
    plant_modelo(tienda)
    plant_destinatario(tienda)
    plant_archivo(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text("UPDATE usuario SET nombre = :c WHERE rol <> 'cliente'"), {"c": CANARIO}
        )


def plant_destinatario(tienda: Tienda, via: Via = Via.EMAIL) -> int:
    """Somebody who is told, and has been."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        who, _ = create_destinatario(
            session,
            Nuevo(via, CANARIO, email=f"{CANARIO}{next(_N)}@prober.test")
            if via is Via.EMAIL
            else Nuevo(via, CANARIO, canal_id=_open_bot(tienda).id),
            empresa_id=tienda.empresa_id,
            actor=CANARIO,
        )
        if via is Via.EMAIL:
            session.execute(
                text(
                    "INSERT INTO aviso (empresa_id, destinatario_id, clave, asunto, texto, error, "
                    "id_proveedor, estado) VALUES (:e, :d, :t, :t, :t, :t, :t, 'fallida')"
                ),
                {"e": tienda.empresa_id, "d": who.id, "t": CANARIO},
            )
        return who.id


def plant_telefono(tienda: Tienda) -> int:
    """Somebody whose chat is still to be linked."""
    return plant_destinatario(tienda, Via.TELEGRAM)


def plant_chat(tienda: Tienda) -> str:
    """A chat with a person, a question, an answer, and what the seller remembers of them."""
    chat_id = f"{CANARIO}-{next(_N)}"
    with tienda.db.empresa(tienda.empresa_id) as session:
        cliente = Cliente(empresa_id=tienda.empresa_id, nombre=CANARIO, datos={"telefono": CANARIO})
        session.add(cliente)
        session.flush()
        chat = Chat(
            empresa_id=tienda.empresa_id,
            canal_id=tienda.creada.canal_id,
            chat_id=chat_id,
            cliente_id=cliente.id,
            conversacion={"carrito": [{"nombre": CANARIO}]},
            resumen=CANARIO,
            ultimo_orden=2,
            ultimo_evento=2,
        )
        session.add(chat)
        session.flush()
        for orden, remitente in ((1, "usuario"), (2, "bot")):
            session.execute(
                text(
                    "WITH m AS (INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, "
                    "remitente, texto) VALUES (:e, :k, :c, :n, :r, :t) RETURNING id) "
                    "INSERT INTO evento (empresa_id, chat_id, n, tipo, ref_id) "
                    "SELECT :e, :c, :n, 'mensaje', id FROM m"
                ),
                {
                    "e": tienda.empresa_id,
                    "k": chat.canal_id,
                    "c": chat.id,
                    "n": orden,
                    "r": remitente,
                    "t": CANARIO,
                },
            )
    return chat_id


def plant_turno(tienda: Tienda) -> str:
    """A chat whose answer has its record, with one of everything in it; the chat_id."""
    chat_id = plant_chat(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO turno (empresa_id, chat_id, respuesta_id, motor, acto, regla, "
                "corregido, registro) SELECT m.empresa_id, m.chat_id, m.id, 'offline', 'otro', "
                "'saludar', true, CAST(:r AS jsonb) "
                "FROM mensaje m JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id "
                "WHERE c.chat_id = :c AND m.remitente = 'bot'"
            ),
            {"c": chat_id, "r": json.dumps(_registro())},
        )
    return chat_id


def last_turno(tienda: Tienda) -> int:
    """The id of the record that was planted last."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        return int(session.scalar(text("SELECT max(id) FROM turno")))


def _registro() -> dict[str, Any]:
    """As a version of long ago may have written it: nothing that is read of it is missing."""
    producto = {"id": 1, "nombre": CANARIO, "precio": "10.00", "stock": "7", "moneda": "COP"}
    linea = {"producto_id": 1, "sku": CANARIO, "nombre": CANARIO, "cantidad": "2.5"}
    pasaje = {"id": 3, "documento_id": 1, "documento": CANARIO, "texto": CANARIO, "puntaje": 0.9}
    return {
        "v": 1,
        "textos": [CANARIO],
        "contexto": {},
        "chat": {"cliente": {"telefono": "3001234567"}},
        "turno": {"acto": "pedido", "items": [{"producto": CANARIO}], "texto": CANARIO},
        "decision": {
            "hechos": [
                {"clave": "oferta", "lineas": [{**linea, "precio_unitario": "10.00"}]},
                {"clave": "lista", "productos": [{**producto, "sku": CANARIO}], "cantidad": "3"},
                {"clave": "precio_movido", "antes": "9.00", "unidad": "kg", "cita": CANARIO},
            ]
        },
        "respuesta": CANARIO,
        "borrador": CANARIO,
        "corregido": True,
        "llamadas": [{"paso": "leer", "modelo": "m", "ms": 9}],
        "productos": [producto],
        "consultas": [{"texto": CANARIO, "n": 5, "hallados": [[0, 0.5, "nombre"]]}],
        "busquedas": [{"texto": CANARIO, "n": 3, "pasajes": [pasaje]}],
        "ms": {"leer": 1},
    }


def plant_prompt(tienda: Tienda) -> int:
    """One more version of the shop's own wording; its number."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        return cuentas.write_prompt(
            session,
            empresa_id=tienda.empresa_id,
            nombre="respuestas",
            contenido=f'hola: "¡Hola! {CANARIO} {next(_N)}"',
            usuario_id=tienda.usuarios[Rol.ADMIN],
            actor=CANARIO,
        )


def plant_documento(tienda: Tienda) -> int:
    """One that was read, with a pasaje."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        values = {"e": tienda.empresa_id, "t": CANARIO, "b": CANARIO.encode()}
        documento_id: int = session.execute(
            text(
                "INSERT INTO documento (empresa_id, titulo, formato, contenido, sha256, estado, "
                "error) VALUES (:e, :t, 'texto', :b, '', 'listo', jsonb_build_object("
                "'codigo', 'ilegible', 'mensaje', cast(:t AS text))) RETURNING id"
            ),
            values,
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO pasaje (empresa_id, documento_id, orden, titulo, texto, hash) "
                "VALUES (:e, :d, 1, :t, :t, '')"
            ),
            values | {"d": documento_id},
        )
        session.execute(text("UPDATE empresa SET documentos_version = documentos_version + 1"))
        return documento_id


def plant_modelo(tienda: Tienda) -> None:
    """What a model answered to a customer, and the month's bill."""
    values = {"e": tienda.empresa_id, "c": tienda.chat(plant_chat(tienda)), "t": CANARIO}
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO respuesta_modelo (empresa_id, chat_id, mensaje_id, paso, huella, "
                "respuesta, modelo, tokens_entrada, tokens_salida, costo) SELECT empresa_id, "
                "chat_id, id, 'leer', :t, jsonb_build_object('texto', cast(:t AS text)), :t, 1, 1, "
                "0 FROM mensaje WHERE chat_id = :c AND remitente = 'usuario'"
            ),
            values,
        )
        session.execute(
            text("INSERT INTO consumo_modelo VALUES (:e, current_date, 1, 1, 1, 0)"), values
        )


def plant_archivo(tienda: Tienda, chat_id: str | None = None) -> int:
    """A recording in the chat that was planted last, or in a new one; its id."""
    chat_id = chat_id or last_chat(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        values = {"e": tienda.empresa_id, "c": chat_id, "b": CANARIO.encode(), "t": CANARIO}
        archivo_id: int = session.execute(
            text(
                "WITH c AS (UPDATE chat SET ultimo_orden = ultimo_orden + 1 "
                "WHERE chat_id = :c RETURNING *), "
                "m AS (INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, tipo, "
                "transcripcion) SELECT empresa_id, canal_id, id, ultimo_orden, 'usuario', 'audio', "
                ":t FROM c RETURNING *) "
                "INSERT INTO archivo (empresa_id, chat_id, mensaje_id, tipo, estado, mime, bytes, "
                "sha256, contenido, medio, error) SELECT empresa_id, chat_id, id, 'audio', "
                "'listo', 'audio/ogg', length(:b), sha256(:b), :b, "
                "jsonb_build_object('id', cast(:t AS text)), :t FROM m RETURNING id"
            ),
            values,
        ).scalar_one()
    return archivo_id


def last_chat(tienda: Tienda) -> str:
    with tienda.db.empresa(tienda.empresa_id) as session:
        found = session.scalar(
            text("SELECT chat_id FROM chat WHERE chat_id LIKE :c ORDER BY id DESC LIMIT 1"),
            {"c": f"{CANARIO}-%"},
        )
    return found or plant_chat(tienda)


def take_chat(tienda: Tienda) -> str:
    """A chat that a person has taken."""
    chat_id = plant_chat(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text("UPDATE chat SET ia_activa = false WHERE chat_id = :c"), {"c": chat_id}
        )
    return chat_id


def plant_producto(tienda: Tienda) -> int:
    sku = f"{CANARIO}-{next(_N)}"
    texts: dict[str, Any] = dict.fromkeys("nombre descripcion categoria marca".split(), CANARIO)
    return tienda.producto(sku, stock="100", **texts)


def plant_venta(tienda: Tienda) -> int:
    """In a chat of its own, with a customer's data."""
    producto_id, chat_id = plant_producto(tienda), tienda.chat(plant_chat(tienda))
    with tienda.db.empresa(tienda.empresa_id) as session:
        precio = session.get_one(Producto, (tienda.empresa_id, producto_id)).precio
        linea = LineaPedida(producto_id=producto_id, cantidad=Decimal(1), precio_unitario=precio)
        venta, _ = record_venta(
            session,
            empresa_id=tienda.empresa_id,
            lineas=[linea],
            clave=f"{CANARIO}-{next(_N)}",
            actor=CANARIO,
            chat_id=chat_id,
            cliente={"nombre": CANARIO},
        )
        return venta.id


def plant_canal(tienda: Tienda) -> int:
    return _open_bot(tienda).id


def plant_bot(tienda: Tienda) -> str:
    """The clave of a bot that knows SECRETO."""
    return _open_bot(tienda).clave


def _open_bot(tienda: Tienda) -> Canal:
    with tienda.db.empresa(tienda.empresa_id) as session:
        canal: Canal = cuentas.create_canal(
            session,
            tienda.app.extensions["servicios"].cifrado,
            empresa_id=tienda.empresa_id,
            tipo=TipoCanal.TELEGRAM,
            nombre=CANARIO,
            credenciales={"token": CANARIO, "secreto": SECRETO},
            actor=CANARIO,
        )
        canal.detalle = CANARIO
        session.flush()
        session.refresh(canal)
        session.expunge(canal)
        return canal


def plant_whatsapp(tienda: Tienda) -> str:
    """The clave of a WhatsApp number whose app and webhook know SECRETO."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        canal = cuentas.create_canal(
            session,
            tienda.app.extensions["servicios"].cifrado,
            empresa_id=tienda.empresa_id,
            tipo=TipoCanal.WHATSAPP,
            nombre=CANARIO,
            credenciales={
                "access_token": CANARIO,
                "app_secret": SECRETO,
                "verify_token": SECRETO,
                "phone_number_id": "1",
            },
            actor=CANARIO,
        )
        canal.detalle = CANARIO
        return canal.clave


def plant_importacion(tienda: Tienda) -> int:
    """A finished one, with an error line to read."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        importacion_id: int = session.execute(
            text(
                "INSERT INTO importacion (empresa_id, usuario_id, nombre_archivo, modo, estado, "
                "filas_total, creados, con_error, cambios_hasta) VALUES "
                "(:e, :u, :t, 'actualizar', 'completada', 2, 1, 1, now() + interval '1 day') "
                "RETURNING id"
            ),
            {"e": tienda.empresa_id, "u": tienda.usuarios[Rol.ADMIN], "t": CANARIO},
        ).scalar_one()
        session.execute(
            text(
                "INSERT INTO importacion_fila (empresa_id, importacion_id, fila, columna, codigo, "
                "mensaje) VALUES (:e, :i, 2, 'precio', 'invalido', :t)"
            ),
            {"e": tienda.empresa_id, "i": importacion_id, "t": CANARIO},
        )
        session.execute(
            text(
                "INSERT INTO importacion_cambio (empresa_id, importacion_id, n, fila, accion, "
                "cambios) VALUES (:e, :i, 3, 3, 'creado', jsonb_build_object('nombre', "
                "jsonb_build_array(NULL, CAST(:t AS text))))"
            ),
            {"e": tienda.empresa_id, "i": importacion_id, "t": CANARIO},
        )
        return importacion_id


def plant_vista(tienda: Tienda) -> int:
    """A finished preview that may still be applied."""
    importacion_id = plant_importacion(tienda)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text("UPDATE importacion SET simulada = true WHERE id = :i"), {"i": importacion_id}
        )
    return importacion_id


def plant_busqueda(tienda: Tienda) -> None:
    """What a search by meaning keeps: a producto's vector, what was asked, and asked in vain."""
    values = {"e": tienda.empresa_id, "p": plant_producto(tienda), "t": CANARIO}
    with tienda.db.empresa(tienda.empresa_id) as session:
        for statement in (
            "INSERT INTO indexacion (empresa_id, modelo, error) VALUES (:e, 'm', :t)",
            "INSERT INTO producto_embedding (empresa_id, modelo, producto_id, hash, version) "
            "VALUES (:e, 'm', :p, '', 1)",
            "INSERT INTO demanda (empresa_id, clave, texto) VALUES (:e, :t, :t)",
            "INSERT INTO busqueda (empresa_id, texto, n) VALUES (:e, :t, 10)",
            "UPDATE empresa SET sinonimos = "
            "jsonb_build_array(jsonb_build_array(cast(:t AS text), 'x'))",
        ):
            session.execute(text(statement), values)
