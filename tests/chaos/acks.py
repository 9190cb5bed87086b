"""kombu's emulation of acknowledgements, on and off: what it costs, and what it brings back when
a worker is killed (docs/adr/0002-broker-acks.md).
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from celery import Celery

from tests.chaos import fallas
from tests.chaos.experimentos import WHOLE_SECONDS, Experimento, Informe, run_experimento
from tests.chaos.instalacion import CALM, ROOT, Instalacion
from tests.chaos.mira import await_true

Say = Callable[[str], None]
_TASKS = 2000
_ROUNDS = 3
_KILLS = Experimento("kill -9", fallas.kill_chat_worker, 3)


@dataclass
class Modo:
    """Measured with the emulation on (or off): tasks a second, and recoveries."""

    ack_emulation: bool
    por_segundo: list[float] = field(default_factory=list)
    informes: list[Informe] = field(default_factory=list)

    @property
    def nombre(self) -> str:
        return "con acks" if self.ack_emulation else "sin acks"

    @property
    def drenajes(self) -> list[float]:
        return [g.drenaje for i in self.informes for g in i.golpes if g.drenaje is not None]


def compare(say: Say, *, rounds: int = _ROUNDS) -> list[Modo]:
    """Both ways, turn and turn about, so that a busy machine is unfair to neither."""
    modes = [Modo(True), Modo(False)]
    instalacion = Instalacion(CALM)
    instalacion.start()
    try:
        for _ in range(rounds):
            for mode in modes:
                instalacion.write_plan({**CALM, "ack_emulation": mode.ack_emulation})
                mode.por_segundo.append(_throughput(instalacion))
                say(f"{mode.nombre}: {mode.por_segundo[-1]:.0f} tareas vacías por segundo")
        for mode in modes:
            instalacion.write_plan({**CALM, "ack_emulation": mode.ack_emulation})
            instalacion.restart(("web", "chat", "chat_solo", "mantenimiento"))
            await_true(lambda: fallas.is_whole(instalacion), WHOLE_SECONDS)
            mode.informes.append(run_experimento(instalacion, _KILLS, say))
            told = ", ".join(f"{d:.1f}" for d in mode.drenajes)
            say(f"{mode.nombre}: {mode.informes[-1].resultado}, drenó en {told} s")
    finally:
        instalacion.stop()
        instalacion.remove()
    ratio = median(modes[1].por_segundo) / median(modes[0].por_segundo)
    say(f"sin acks / con acks: {ratio:.2f} en tareas vacías por segundo")
    return modes


def _throughput(instalacion: Instalacion) -> float:
    """No-op tasks a second through one worker of 16 threads, from its first task to its last."""
    publisher = Celery("nada", broker=instalacion.settings().broker_url, set_as_current=False)
    publisher.conf.broker_transport_options = {"global_keyprefix": "agente:"}
    for _ in range(_TASKS):
        publisher.send_task("nada", args=(_TASKS,), queue="nada")
    publisher.close()
    celery = str(Path(sys.executable).with_name("celery"))
    worker = subprocess.run(
        [celery, "-q", "-A", "tests.chaos.nada:celery", "worker", "-Q", "nada", "-P", "threads"]
        + ["-c", "16", "--without-gossip", "--without-mingle", "-n", "nada@%h"],
        cwd=ROOT,
        env={**os.environ, **instalacion.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    for line in worker.stdout.splitlines():
        if line.startswith("NADA "):
            return _TASKS / float(line.split()[1])
    raise RuntimeError(worker.stdout[-2000:])
