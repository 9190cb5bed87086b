"""One installation at a time in a DATA_DIR."""

import fcntl
import json
import os
from pathlib import Path

_FILE = "en_uso.lock"


class DataDirInUse(RuntimeError):
    """Somebody else runs in this DATA_DIR; `pid` is who, `alive` whether they still are."""

    def __init__(self, data_dir: Path, pid: int, what: str) -> None:
        super().__init__(
            f"DATA_DIR={data_dir} ya está en uso por {what} (proceso {pid}). "
            f"Deténgalo primero, o elija otro DATA_DIR."
        )
        self.alive = _is_alive(pid)


class DataDirLock:
    """Held from `acquire` until this process and whoever inherited the descriptor have ended."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._fd = -1

    def acquire(self, *, what: str) -> None:
        """Raises DataDirInUse. `what` is said to the next one who comes."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._data_dir / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            pid, holder = _read_holder(fd)
            os.close(fd)
            raise DataDirInUse(self._data_dir, pid, holder) from e
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps([os.getpid(), what]).encode(), 0)
        self._fd = fd

    def release(self) -> None:
        os.close(self._fd)

    @property
    def fd(self) -> int:
        """For a child that must be over before the DATA_DIR counts as free."""
        return self._fd


def _read_holder(fd: int) -> tuple[int, str]:
    try:
        pid, what = json.loads(os.pread(fd, 1000, 0))
    except ValueError:  # it has the lock and is about to write
        return 0, "otro arranque"
    return int(pid), str(what)


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
