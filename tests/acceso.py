"""Shops with people and tokens, for tests that call the web. No HTTP login is spent on them."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core.catalogo.texto import fold_key
from core.cuentas import (
    Creada,
    Persona,
    create_empresa,
    create_usuario,
    ensure_reservada,
    open_sesion,
)
from core.db import Database
from core.models import Canal, Chat, Movimiento, Producto, Rol
from core.wiring import Servicios
from web import auth

CLAVE = "contraseña de prueba"
_N = count(1)


@dataclass
class Tienda:
    """A shop with one person of each rol. `headers(Rol.VENDEDOR)` is what a client sends."""

    app: Flask
    creada: Creada
    usuarios: dict[Rol, int] = field(default_factory=dict)

    @property
    def empresa_id(self) -> int:
        return self.creada.empresa_id

    @property
    def db(self) -> Database:
        servicios: Servicios = self.app.extensions["servicios"]
        return servicios.db

    def tokens(self, rol: Rol = Rol.ADMIN) -> dict[str, str]:
        with self.app.app_context(), self.db.empresa(self.empresa_id) as session:
            familia = open_sesion(
                session, empresa_id=self.empresa_id, usuario_id=self.usuarios[rol], dias=1
            )
            return auth.issue_tokens(familia)

    def token(self, rol: Rol = Rol.ADMIN) -> str:
        return self.tokens(rol)["access_token"]

    def headers(self, rol: Rol = Rol.ADMIN) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(rol)}"}

    def chat(self, chat_id: str = "c-1") -> int:
        """A chat of the default web channel; its row id. The same name twice is one chat."""
        with self.db.empresa(self.empresa_id) as session:
            found = session.scalar(select(Chat).where(Chat.chat_id == chat_id))
            if found is None:
                canal_id = session.scalars(select(Canal.id).where(Canal.por_defecto)).one()
                found = Chat(empresa_id=self.empresa_id, canal_id=canal_id, chat_id=chat_id)
                session.add(found)
                session.flush()
            return found.id

    def producto(
        self, sku: str = "M-1", *, precio: str = "28900.00", stock: str = "7", **otros: Any
    ) -> int:
        """A producto with its opening movimiento, so that stock = Σ movimientos holds."""
        with self.db.empresa(self.empresa_id) as session:
            row = Producto(
                empresa_id=self.empresa_id,
                **{
                    "sku": sku,
                    "clave": fold_key(sku, ""),
                    "nombre": f"Martillo {sku}",
                    "precio": Decimal(precio),
                    "moneda": "COP",
                    "stock": Decimal(stock),
                    **otros,
                },
            )
            session.add(row)
            session.flush()
            if row.stock:
                alta = {"producto_id": row.id, "cantidad": row.stock, "motivo": "alta"}
                session.add(Movimiento(empresa_id=self.empresa_id, **alta))
            return row.id

    def cliente_headers(self, chat_id: str = "c-1") -> dict[str, str]:
        """The token of the widget's anonymous customer in chat `chat_id`."""
        row_id = self.chat(chat_id)
        with self.app.app_context(), self.db.empresa(self.empresa_id) as session:
            token = auth.issue_cliente_token(session, empresa_id=self.empresa_id, chat_id=row_id)
        return {"Authorization": f"Bearer {token}"}


def open_tienda(app: Flask, nombre: str = "Ferretería") -> Tienda:
    servicios: Servicios = app.extensions["servicios"]
    n = next(_N)
    admin = Persona(email=f"admin{n}@tienda.test", password=CLAVE)
    creada = create_empresa(servicios.db, nombre=nombre, admin=admin, claves=servicios.claves)
    assert creada.usuario_id is not None
    tienda = Tienda(app, creada, {Rol.ADMIN: creada.usuario_id})
    for rol in (Rol.VENDEDOR, Rol.OBSERVADOR):
        tienda.usuarios[rol] = create_usuario(
            servicios.db,
            servicios.claves,
            empresa_id=creada.empresa_id,
            persona=Persona(email=f"{rol.value}{n}@tienda.test", password=CLAVE, rol=rol),
            actor="consola",
        )
    return tienda


def open_reserva(app: Flask) -> Tienda:
    """The reserved empresa with a superadmin."""
    servicios: Servicios = app.extensions["servicios"]
    empresa_id = ensure_reservada(servicios.db)
    usuario_id = create_usuario(
        servicios.db,
        servicios.claves,
        empresa_id=empresa_id,
        persona=Persona(email=f"super{next(_N)}@tienda.test", password=CLAVE, rol=Rol.SUPERADMIN),
        actor="consola",
    )
    return Tienda(app, Creada(empresa_id, usuario_id, 0, ""), {Rol.SUPERADMIN: usuario_id})


def get(client: FlaskClient, ruta: str, headers: dict[str, str] | None = None) -> Any:
    """The JSON of a GET that must succeed."""
    answer = client.get(ruta, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json
