"""Flower's settings: only here, since a password on a command line is everybody's to read."""

from core.adapters.observabilidad import configure_logging
from core.settings import Settings
from workers.app import celery

_settings = Settings()
configure_logging(_settings, "flower")

# Each of Flower's eight questions holds one connection and waits, without end, for a second one:
# with fewer than these they would block one another for ever.
celery.conf.broker_pool_limit = 32

port = _settings.flower_port
address = _settings.flower_host
basic_auth = [f"{_settings.flower_user}:{_settings.secret('flower_password')}"]
# Events cost about a quarter of the throughput: workers send them while Flower is watching.
enable_events = True
max_tasks = 5000
purge_offline_workers = 60
inspect_timeout = 3000.0
