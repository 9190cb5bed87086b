"""Every setting with its default and its reason, read once per process from environment and .env.

Secrets that nobody gave are generated into DATA_DIR on first use and kept there.
"""

import hashlib
import hmac
import json
import os
import secrets
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

SECRETS_FILE = "secretos.json"
EMBEDDED_FILE = "embebidos.json"  # written by the launcher: where the embedded servers listen

Proveedor = Literal["offline", "openai", "gemini", "cohere", "local"]


class Settings(BaseSettings):
    """The environment of contract.md. Frozen: nothing changes its mind while running."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,  # `DATABASE_URL=` in .env or compose means unset
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    port: int = Field(default=8000, ge=1, le=65535)
    flower_port: int = Field(default=5555, ge=1, le=65535)
    # Loopback unless somebody says otherwise: a shop's Flower is not for the neighbourhood.
    host: str = "127.0.0.1"
    data_dir: Path = Path(".data")
    entorno: Literal["desarrollo", "produccion"] = "desarrollo"
    public_url: str | None = None
    registro_abierto: bool | None = None

    database_url: SecretStr | None = None
    database_app_url: SecretStr | None = None
    database_sistema_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    celery_broker_url: SecretStr | None = None

    admin_email: str = "admin@demo.local"
    admin_password: SecretStr | None = None
    jwt_secret_key: SecretStr | None = None
    # Comma separated; the first encrypts, all decrypt, so keys can be rotated.
    secrets_key: SecretStr | None = None
    flower_host: str = "127.0.0.1"
    flower_user: str = "admin"
    flower_password: SecretStr | None = None
    # Who may read /metrics from afar; unset: everyone in desarrollo, this machine in produccion.
    metrics_token: SecretStr | None = None

    # Accounts. A stolen access token is useful for at most this long; sessions are checked anyway.
    access_token_minutos: int = 15
    refresh_token_dias: int = 30
    cliente_token_dias: int = 90
    # Guessing: after this many wrong passwords the account waits; kept in PostgreSQL.
    login_intentos: int = 8
    login_bloqueo_segundos: int = 300
    # Anonymous chats that one web channel may open per minute, so a script cannot fill the disk.
    chat_sesiones_por_minuto: int = 600

    # A turn. The lease is the deadline plus a margin for the recording transaction.
    ventana_rafaga_ms: int | None = Field(default=None, ge=0, le=60_000)
    turno_segundos: float = 20.0
    turno_margen_segundos: float = 10.0
    turno_intentos: int = 5
    # How often a message that arrives during a turn may restart it.
    turno_reinicios: int = 2
    # For so long it can be read why a turn was answered as it was: complaints come within the
    # season, and a record says what a customer wrote.
    turno_registro_dias: int = Field(default=90, ge=1, le=3650)
    mensaje_max_caracteres: int = 4000
    # A burst cannot postpone the answer for ever: this many windows at most.
    rafaga_ventanas_max: int = 4

    # Delivery to a channel: one try, and how long its row is leased.
    envio_segundos: float = 10.0
    # What the lease has beyond that, for the transactions around it.
    envio_margen_segundos: float = 5.0
    envio_intentos: int = 8
    # What one bot may say a second, and the pause within one chat (Telegram's published limits).
    envio_por_segundo: float = 30.0
    envio_pausa_chat: float = 1.0
    # The same of a WhatsApp number. Meta takes 80 a second (20 where the owner also uses the phone,
    # which its refusals tell) and in one chat bursts, if one every 6 seconds over time.
    whatsapp_por_segundo: float = 80.0
    whatsapp_pausa_chat: float = 1.0
    # How long a polling request stays open when nobody writes.
    sondeo_segundos: int = 25

    barrido_segundos: float = 2.0
    # How long a bell may go unanswered before barrido rings again (a busy queue is no lost bell).
    rering_segundos: float = 5.0

    # Live connections per web process; beyond it 503 with Retry-After, so webhooks keep their room.
    conexiones_vivas_max: int = 500
    esperar_max_segundos: int = 30

    # Imports.
    importacion_max_bytes: int = 20 * 1024 * 1024
    importacion_max_filas: int = 200_000
    importacion_max_columnas: int = 100
    importacion_max_celda: int = 10_000
    importacion_xlsx_max_bytes: int = 200 * 1024 * 1024
    importacion_xlsx_max_razon: int = 200
    importacion_paso_segundos: float = 20.0
    importacion_paso_filas: int = 5_000
    # A preview is applied the same day or it is made anew; each is as large as its file.
    importacion_vista_horas: int = 24
    # For so long an import can be undone: a mistake in a price list is noticed within the month. A
    # large file's changes are some tens of megabytes.
    importacion_cambios_dias: int = 30

    # What the shop knows beside its productos. A shop says what it has to say in some pages; more
    # is a book, and each process that searches keeps all of it at hand (some 2 KB a pasaje).
    documentos_max: int = 50
    documento_max_bytes: int = 5 * 1024 * 1024
    documento_max_pasajes: int = 200
    # A PDF is read by a process of its own, which ends when it takes longer or more than this.
    documento_pdf_max_paginas: int = 100
    documento_pdf_segundos: float = 20.0
    documento_pdf_max_memoria: int = 512 * 1024 * 1024

    # Photos and recordings. Telephones make photos of 2 to 6 MB; a voice note of an hour has less
    # than 25 MB, which is also the most that the usual transcribers take.
    imagen_max_bytes: int = 10 * 1024 * 1024
    audio_max_bytes: int = 25 * 1024 * 1024
    # Some kilobytes can unpack to gigabytes of points. Telephones make 12 to 50 million.
    imagen_max_pixeles: int = 50_000_000
    # The longer side of what is kept: a label stays legible, and vision models see no more.
    imagen_lado: int = 2048
    # A picture is drawn anew by a process of its own, which ends beyond this much of a processor's
    # time or of memory.
    imagen_segundos: int = 10
    imagen_max_memoria: int = 1024 * 1024 * 1024
    # Uploads: of one chat, and bytes of one empresa. Whoever has the widget's public key may send.
    archivos_por_hora: int = 60
    archivos_bytes_por_hora: int = 1024 * 1024 * 1024
    # Of the turn's seconds, what fetching, transcribing and looking may take; the rest is for
    # understanding and answering.
    escucha_segundos: float = Field(default=12.0, gt=0)
    # Of one burst, so many are listened to or looked at; all are kept. An album has ten at most.
    medios_por_turno: int = Field(default=10, ge=0)
    # What did not come from its provider is asked for so long; most keep it for a day or more.
    medio_traer_horas: int = Field(default=24, ge=1)

    # Meaning. `local` is the bundled multilingual-e5-small, `openai` or any base URL its protocol,
    # `ninguno` leaves the search to words.
    embeddings_provider: str = "local"
    embeddings_model: str | None = None
    embeddings_paso_segundos: float = 20.0
    embeddings_paso_filas: int = 500  # productos between two commits
    embeddings_segundos: float = 20.0  # one call to a remote model
    # What the vectors near at hand may take in one process; the least asked are dropped.
    indice_max_bytes: int = 512 * 1024 * 1024
    indice_vectores: Literal["faiss", "pgvector"] = "faiss"
    # From this many productos on, an index is also kept as a file: reading it is faster then.
    indice_foto_desde: int = 10_000
    # How long a search over HTTP waits for a worker before it is answered by words alone.
    busqueda_segundos: float = 2.0

    telegram_api_url: str = "https://api.telegram.org"
    whatsapp_api_url: str = "https://graph.facebook.com"
    # Meta serves a version for two years and more; the newest there was when this was tested.
    whatsapp_api_version: str = Field(default="v26.0", pattern=r"^v\d{1,3}\.\d$")

    # Email to the shop's own people. Without a host nobody is told by email; without a sender the
    # user is it. Their submission port, encrypted: a password must not travel in the clear.
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = None
    smtp_tls: Literal["starttls", "ssl", "no"] = "starttls"

    # A language model beside the rules. Unset: offline without a key, openai with one.
    llm_provider: Proveedor | None = None
    llm_api_key: SecretStr | None = None
    openai_api_key: SecretStr | None = None
    llm_base_url: str | None = None
    llm_model: str | None = None
    # The most that one question may take, retries included; the turn's own end comes first.
    llm_segundos: float = Field(default=12.0, gt=0)
    # Sent only when set: some models refuse it.
    llm_temperatura: float | None = Field(default=None, ge=0, le=2)
    # Whether the model also words some answers, or only reads what the rules are unsure of.
    llm_redactar: bool = True
    # Of a million tokens, in whatever currency the provider bills. Unset: cost is not counted.
    llm_precio_entrada: Decimal | None = Field(default=None, ge=0)
    llm_precio_salida: Decimal | None = Field(default=None, ge=0)
    # What an empresa may spend in a calendar month (UTC): in that currency, or in tokens where no
    # price is set. Beyond it the rules answer alone. Unset: no limit.
    llm_tope_mensual: Decimal | None = Field(default=None, ge=0)

    # Who listens and who looks. Unset: the LLM's provider with the model that its preset names;
    # `ninguno`: nobody. A base URL of its own is never shown the LLM's key.
    transcripcion_model: str | None = None
    transcripcion_base_url: str | None = None
    transcripcion_api_key: SecretStr | None = None
    # A hint: a name of two letters. Who knows the language mishears less.
    transcripcion_idioma: str = "es"
    vision_model: str | None = None
    vision_base_url: str | None = None
    vision_api_key: SecretStr | None = None

    web_procesos: int = 2
    # Unset: 16, or 64 with a model. A thread that waits for a model costs nothing but memory.
    chat_hilos: int | None = Field(default=None, ge=1)
    envio_hilos: int = 8

    @model_validator(mode="after")
    def _production_is_explicit(self) -> "Settings":
        """In produccion nothing secret is invented: an unset one is a start-up error."""
        if self.entorno == "produccion":
            missing = [
                name
                for name in ("jwt_secret_key", "secrets_key", "admin_password", "flower_password")
                if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"ENTORNO=produccion necesita {', '.join(missing).upper()}")
        return self

    @model_validator(mode="after")
    def _a_provider_has_its_key(self) -> "Settings":
        """A key that is missing is a start-up error, not a shop that never asks its model."""
        away = self.proveedor in ("openai", "gemini", "cohere") and self.llm_base_url is None
        if away and self.llm_clave is None:
            raise ValueError(f"LLM_PROVIDER={self.proveedor} necesita LLM_API_KEY")
        return self

    @model_validator(mode="after")
    def _email_has_a_sender(self) -> "Settings":
        if self.smtp_host and not (self.smtp_from or self.smtp_user):
            raise ValueError("SMTP_HOST necesita SMTP_FROM")
        return self

    @property
    def hay_correo(self) -> bool:
        return self.smtp_host is not None

    @property
    def proveedor(self) -> Proveedor:
        """Whose model is asked; "offline" for none."""
        if self.llm_provider is not None:
            return self.llm_provider
        return "openai" if self.llm_api_key or self.openai_api_key else "offline"

    @property
    def llm_clave(self) -> SecretStr | None:
        """The model's key. OPENAI_API_KEY is never shown to another provider."""
        theirs = self.openai_api_key if self.proveedor == "openai" else None
        return self.llm_api_key or theirs

    @property
    def hilos_de_chat(self) -> int:
        if self.chat_hilos is not None:
            return self.chat_hilos
        return 16 if self.proveedor == "offline" else 64

    @property
    def registro_esta_abierto(self) -> bool:
        if self.registro_abierto is not None:
            return self.registro_abierto
        return self.entorno == "desarrollo"

    def ventana_ms(self, tipo_canal: str) -> int:
        """Milliseconds of silence that end a burst; people type in pieces on messengers."""
        if self.ventana_rafaga_ms is not None:
            return self.ventana_rafaga_ms
        return 300 if tipo_canal == "web" else 2000

    def envio_ritmo(self, tipo_canal: str) -> tuple[float, float]:
        """(messages a second of one canal, seconds between two of one chat)"""
        if tipo_canal == "whatsapp":
            return self.whatsapp_por_segundo, self.whatsapp_pausa_chat
        return self.envio_por_segundo, self.envio_pausa_chat

    @property
    def lease_segundos(self) -> float:
        return self.turno_segundos + self.turno_margen_segundos

    # --- secrets -----------------------------------------------------------------------------

    def secret(self, name: str) -> str:
        """The configured secret, else the one kept in DATA_DIR, generated on first use."""
        given: SecretStr | None = getattr(self, name)
        return given.get_secret_value() if given else self._kept_secrets[name]

    def secret_kept(self, name: str) -> str:
        """A secret that only this DATA_DIR knows, such as the embedded PostgreSQL's."""
        return self._kept_secrets[name]

    @cached_property
    def _kept_secrets(self) -> dict[str, str]:
        path = self.data_dir / SECRETS_FILE
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            made = {
                "jwt_secret_key": secrets.token_urlsafe(48),
                "secrets_key": secrets.token_urlsafe(32),
                "admin_password": secrets.token_urlsafe(12),
                "superadmin_password": secrets.token_urlsafe(12),
                "flower_password": secrets.token_urlsafe(12),
                "postgres_password": secrets.token_urlsafe(24),
            }
            draft = path.with_name(f"{SECRETS_FILE}.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(made))
            try:
                os.link(draft, path)  # the first process to arrive decides, atomically
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        kept: dict[str, str] = json.loads(path.read_text())
        return kept

    # --- where the servers are ---------------------------------------------------------------

    @property
    def owner_url(self) -> URL:
        """The database's owner: migrates, creates the two unprivileged roles, nothing else."""
        if self.database_url:
            return make_url(self.database_url.get_secret_value())
        return make_url(self._embedded()["database_url"])

    @property
    def app_url(self) -> URL:
        """The role of all ordinary work: row level security shows it one empresa at a time."""
        if self.database_app_url:
            return make_url(self.database_app_url.get_secret_value())
        return self._derived_url("app")

    @property
    def sistema_url(self) -> URL:
        """The role of work that crosses empresas: ids, states, times and hashes, never text."""
        if self.database_sistema_url:
            return make_url(self.database_sistema_url.get_secret_value())
        return self._derived_url("sistema")

    def _derived_url(self, suffix: str) -> URL:
        """Role `<owner>_<suffix>`; its password follows from the owner's, so none is stored."""
        owner = self.owner_url
        role = f"{owner.username}_{suffix}"
        key = str(owner.password or "").encode()
        password = hmac.new(key, role.encode(), hashlib.sha256).hexdigest()
        return owner.set(username=role, password=password)

    @property
    def broker_url(self) -> str:
        if self.celery_broker_url:
            return self.celery_broker_url.get_secret_value()
        return self.redis_location

    @property
    def redis_location(self) -> str:
        if self.redis_url:
            return self.redis_url.get_secret_value()
        return str(self._embedded()["redis_url"])

    def _embedded(self) -> dict[str, Any]:
        try:
            text = (self.data_dir / EMBEDDED_FILE).read_text()
        except FileNotFoundError as e:
            raise EmbeddedNotRunning(self.data_dir) from e
        found: dict[str, Any] = json.loads(text)
        return found


class EmbeddedNotRunning(RuntimeError):
    """Neither DATABASE_URL/REDIS_URL nor an embedded server in this DATA_DIR."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"no database: set DATABASE_URL and REDIS_URL, or start the embedded servers "
            f"of DATA_DIR={data_dir} with `make run`"
        )
