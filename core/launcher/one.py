"""`python -m core.launcher.one NAME`: become one process of the Procfile, in a container."""

import os
import sys
from pathlib import Path

from honcho.environ import parse_procfile

from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    processes = parse_procfile((ROOT / "Procfile").read_text()).processes
    if len(arguments) != 1 or arguments[0] not in processes:
        sys.stderr.write(f"Uso: python -m core.launcher.one {'|'.join(processes)}\n")
        return 2
    own = Path(sys.executable).parent
    os.environ["CHAT_HILOS"] = str(Settings().hilos_de_chat)  # as the launcher says it
    os.environ["PATH"] = f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.execvp("sh", ["sh", "-c", f"exec {processes[arguments[0]]}"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
