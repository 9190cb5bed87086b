"""The room of a slow model: whole turns on as many threads as a chat worker has, beside as many
that call the bare SDK and do nothing else; and the same turns through Celery."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import psycopg

from core.agente.turno import Vendedor
from core.mensajes.recibir import Destino, receive_mensaje
from core.ports import Tarea
from core.settings import Settings
from core.wiring import build_servicios
from tests.bench import desde_fuera
from tests.bench.fila import Fila, Sala
from tests.bench.medir import in_turn, paused, until
from tests.conftest import ROOT
from tests.fakes import ColaEnMemoria
from tests.stack import Stack, clean_environment, free_ports

ROUNDS, HILOS, MENSAJES = 3, 64, 384
_TURNOS = "turns with a 1.0 s model/s"
_A_LA_VEZ = "and in flight at once (1.0 s model)"
_CON_CELERY = "through Celery (1.0 s model)/s"
# Nothing that the rules know: each message is one question to the model.
_RARO = "ando batallando con la chapa de atrás"
_run = count(1)


class ConModelo:
    def __init__(self, stack: Stack, model_port: int) -> None:
        self.url = f"http://127.0.0.1:{model_port}/v1"
        self.settings = Settings(
            data_dir=stack.data_dir,
            ventana_rafaga_ms=0,
            llm_provider="local",
            llm_base_url=self.url,
            llm_model="lento",
        )
        self.servicios = build_servicios(self.settings, max_connections=20)
        self.db = self.servicios.db
        shop = stack.post(
            "/auth/registro",
            {"empresa": "Banco", "email": "banco@demo.local", "password": "clave-del-banco-1"},
        ).json
        self.empresa_id = int(shop["empresa"]["id"])
        self.maximo = 0
        self.barrido = stack.pids()["mantenimiento"]

    def turns(self) -> float:
        """Whole turns a second, from taking the chat to its recorded answer, on threads of this
        process."""
        s = self.servicios
        seller = Vendedor(
            db=s.db,
            cola=ColaEnMemoria(),
            settings=s.settings,
            canales=s.canales,
            buscador=s.buscador,
            worker="banco",
            motor=s.motor,
        )

        def answer(chat_id: int) -> str:
            ended = seller.answer_chat(empresa_id=self.empresa_id, chat_id=chat_id)
            return f"{ended.estado} {ended.error or ''}".strip()

        with paused([self.barrido]), ThreadPoolExecutor(HILOS) as pool:
            chats = self._write()
            self._ask_model()
            start = time.monotonic()
            ended = list(pool.map(answer, chats))
            rate = MENSAJES / (time.monotonic() - start)
        assert set(ended) == {"respondido"}, Counter(ended)
        self.maximo = max(self.maximo, self._all_were_asked())
        return rate

    def answered(self) -> float:
        """Messages a second through the real chat worker, all waiting when the bells are rung."""
        with paused([self.barrido]):  # or it would ring before we do
            chats = self._write()
            self._ask_model()
            for chat_id in chats:
                s = self.servicios
                s.cola.ring(Tarea.ANSWER_CHAT, empresa_id=self.empresa_id, chat_id=chat_id)
        rate = MENSAJES / until(lambda: self._pending() == 0)
        self._all_were_asked()
        return rate

    def _all_were_asked(self) -> int:
        """How many at once."""
        seen = self._ask_model()
        assert seen["contestadas"] >= MENSAJES, f"asked {seen} of {MENSAJES}"
        return seen["maximo"]

    def _write(self) -> list[int]:
        run, silent = next(_run), ColaEnMemoria()
        return [
            receive_mensaje(
                self.db,
                silent,
                self.settings,
                empresa_id=self.empresa_id,
                destino=Destino(chat_id=f"x{run}-{n}"),
                texto=_RARO,
            ).chat_pk
            for n in range(MENSAJES)
        ]

    def bare(self) -> float:
        """As many questions by the SDK alone, on as many threads."""
        from openai import OpenAI

        client = OpenAI(api_key="x", base_url=self.url, max_retries=0)

        def ask(_: int) -> None:
            client.chat.completions.create(
                model="lento", messages=[{"role": "user", "content": _RARO}]
            )

        with client, ThreadPoolExecutor(HILOS) as pool:
            start = time.monotonic()
            list(pool.map(ask, range(MENSAJES)))
            return MENSAJES / (time.monotonic() - start)

    def _ask_model(self) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.url}/cuenta", timeout=5) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def _pending(self) -> int:
        superuser = self.settings.owner_url.set(drivername="postgresql", username="postgres")
        with psycopg.connect(superuser.render_as_string(False)) as connection:
            row = connection.execute("SELECT count(*) FROM chat WHERE pendientes > 0").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def _open() -> Iterator[ConModelo]:
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agente-bench-")))
        folder.chmod(0o711)
        port, flower_port, model_port = free_ports(3)
        model = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.lento", str(model_port)],
            cwd=ROOT,
            env=clean_environment(),
        )
        cleanup.callback(model.wait, 30)
        cleanup.callback(model.terminate)
        until(lambda: desde_fuera.answers(model_port), seconds=30)
        environment = {
            "VENTANA_RAFAGA_MS": "0",
            "LLM_PROVIDER": "local",
            "LLM_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
            "LLM_MODEL": "lento",
        }
        stack = Stack(folder / "data", port, flower_port, environment)
        stack.start()
        cleanup.callback(stack.stop)
        bench = ConModelo(stack, model_port)
        cleanup.callback(bench.servicios.db.close)
        bench.turns(), bench.answered()  # warm
        yield bench


def _turns(bench: ConModelo) -> Iterator[Fila]:
    bench.maximo = 0
    yield Fila(_TURNOS, *in_turn(bench.turns, bench.bare, rounds=ROUNDS), suelo=0.7)
    yield Fila(_A_LA_VEZ, bench.maximo, HILOS, bench.maximo / HILOS, suelo=60 / HILOS)


def _through_celery(bench: ConModelo) -> Iterator[Fila]:
    yield Fila(_CON_CELERY, *in_turn(bench.answered, bench.bare, rounds=1))


SALA = Sala({_TURNOS: _turns, _A_LA_VEZ: _turns, _CON_CELERY: _through_celery}, _open)
