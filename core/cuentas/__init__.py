"""Shops, the people who run them, their sessions and channels, and who may see what."""

from core.cuentas.ajustes import (
    Ajustes,
    AjustesCambios,
    ajustes_de,
    read_ajustes,
    update_empresa,
)
from core.cuentas.canales import (
    create_canal,
    delete_canal,
    find_canal,
    hash_secreto,
    new_clave,
    update_canal,
)
from core.cuentas.demo import finish_demo, seed_demo, write_credenciales
from core.cuentas.empresas import (
    Creada,
    Persona,
    create_empresa,
    create_usuario,
    delete_efimera,
    ensure_reservada,
    find_empresa_of,
    fold_email,
    hash_email,
    set_clave,
)
from core.cuentas.prompts import Propios, newest_prompts, write_prompt
from core.cuentas.recifrar import reseal_canales
from core.cuentas.reinicio import reset_empresa, reset_global
from core.cuentas.sesiones import (
    Familia,
    Vista,
    find_sesion,
    login,
    open_chat_sesion,
    open_sesion,
    revoke_sesion,
    rotate_sesion,
)
from core.cuentas.uso import read_uso

__all__ = [
    "Ajustes",
    "AjustesCambios",
    "Creada",
    "Familia",
    "Persona",
    "Propios",
    "Vista",
    "ajustes_de",
    "create_canal",
    "create_empresa",
    "create_usuario",
    "delete_canal",
    "delete_efimera",
    "ensure_reservada",
    "find_canal",
    "find_empresa_of",
    "find_sesion",
    "finish_demo",
    "fold_email",
    "hash_email",
    "hash_secreto",
    "login",
    "new_clave",
    "newest_prompts",
    "open_chat_sesion",
    "open_sesion",
    "read_ajustes",
    "read_uso",
    "reseal_canales",
    "reset_empresa",
    "reset_global",
    "revoke_sesion",
    "rotate_sesion",
    "seed_demo",
    "set_clave",
    "update_canal",
    "update_empresa",
    "write_prompt",
    "write_credenciales",
]
