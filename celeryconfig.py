"""Celery's settings, each with its reason. PostgreSQL holds every fact; a lost task costs seconds.

Job state is rows, so there is no result backend; what is due and unclaimed is rung again by
`barrido`, so the broker's own redelivery is not needed (docs/adr/0002).
"""

from kombu import Queue

from core.adapters.celery_queue import KEY_PREFIX
from core.settings import Settings

_settings = Settings()

broker_url = _settings.broker_url
result_backend = None
task_ignore_result = True
task_store_errors_even_if_ignored = False

# Ids only, in a form that cannot carry code.
task_serializer = "json"
accept_content = ["json"]

# One queue per kind of patience: a customer never waits behind an import.
task_queues = [
    Queue("chat"),
    Queue("chat_solo"),
    Queue("envio"),
    Queue("catalogo"),
    Queue("embeddings"),
    Queue("mantenimiento"),
]
task_default_queue = "mantenimiento"
task_create_missing_queues = False  # a misspelt queue is an error, not a silent hole
task_routes = {
    "mensajes.answer_chat": "chat",
    "mensajes.answer_chat_solo": "chat_solo",
    "mensajes.deliver_mensaje": "envio",
    "mensajes.forget_turnos": "catalogo",  # nobody waits for it
    "catalogo.*": "catalogo",
    "embeddings.*": "embeddings",
    "documentos.*": "embeddings",  # reading one takes moments, its vectors the rest
    "busquedas.*": "chat",  # where index and model are at hand already
    "canales.*": "envio",
    "equipo.*": "envio",
    "archivos.*": "envio",  # it waits for a provider, as they do
    "barrido.*": "mantenimiento",
}

# A publisher that cannot reach Redis gives up at once: the row is there, barrido rings later.
task_publish_retry = False
broker_pool_limit = 4
broker_pool_acquire_timeout = 2.0
broker_connection_timeout = 4.0

# Workers, on the other hand, never give up on their broker.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_channel_error_retry = True

broker_transport_options = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 30,  # longer than the blocking read a worker waits in
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "retry_on_timeout": True,
    "health_check_interval": 25,
    "queue_order_strategy": "round_robin",
    "global_keyprefix": KEY_PREFIX,
}

task_acks_late = False
worker_prefetch_multiplier = 1  # nobody hoards what another could do now
worker_cancel_long_running_tasks_on_connection_loss = True
worker_soft_shutdown_timeout = 30.0
worker_enable_soft_shutdown_on_idle = True
worker_hijack_root_logger = False  # our JSON logging stays
worker_send_task_events = False  # a quarter of the throughput; Flower switches them on
enable_utc = True
timezone = "UTC"

beat_schedule_filename = str(_settings.data_dir / "beat")  # what beat last did, when
beat_schedule = {
    "barrido": {
        "task": "barrido.sweep",
        "schedule": _settings.barrido_segundos,
        # A sweep that waited longer than a few rounds is worth nothing; events would flood Flower.
        "options": {"expires": 10, "send_events": False},
    },
}
