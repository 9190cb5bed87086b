"""As whom PostgreSQL runs, since it refuses to run as root.

Nothing outside DATA_DIR changes hands or permissions, however closed the directories above are.
"""

import ctypes
import os
import struct
import subprocess
from functools import partial
from pathlib import Path

_NOBODY = 65534
_PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 28, 47, 2
_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


class Disguise:
    """Nobody special: what is not root runs as it is."""

    uid: int | None = None

    def put_on(self) -> None:
        """Change this process's user, once and for all, before an exec."""

    def wrap(self, argv: list[str]) -> list[str]:
        return argv

    def give(self, folder: Path) -> None:
        """Make `folder` belong to the user of the disguise, if it is there and does not."""
        if self.uid is not None and folder.exists() and folder.stat().st_uid != self.uid:
            subprocess.run(["chown", "-R", f"{self.uid}:{self.uid}", str(folder)], check=True)


class AsNobody(Disguise):
    uid = _NOBODY

    def put_on(self) -> None:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


class AsNobodyWithKeys(AsNobody):
    """Under a closed home (/root is 0700) another user could not even read the binaries. This one
    keeps the single capability of passing closed doors, as the root who starts it does."""

    def put_on(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        # Otherwise access(2), which initdb asks before it runs a binary, forgets the capability.
        libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)
        super().put_on()
        only = 1 << _CAP_DAC_OVERRIDE
        header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
        if libc.capset(header, struct.pack("6I", only, only, only, 0, 0, 0)):
            raise OSError(ctypes.get_errno(), "capset")
        if libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0):
            raise OSError(ctypes.get_errno(), "ambient capability")


class InNamespace(Disguise):
    """Where root is the only user there is (a sandbox), a user namespace shows another number."""

    uid = 0

    def wrap(self, argv: list[str]) -> list[str]:
        return ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}", *argv]


def find_disguise(binary: str, folder: Path) -> Disguise:
    """The first disguise in which `binary` runs and reaches `folder`, tried for real.

    Raises RuntimeError when this machine allows none.
    """
    if os.geteuid() != 0:
        return Disguise()
    for disguise in (AsNobody(), AsNobodyWithKeys(), InNamespace()):
        try:
            subprocess.run(
                disguise.wrap(["sh", "-c", 'cd "$1" && "$0" --version', binary, str(folder)]),
                preexec_fn=partial(_try_on, disguise, binary),
                check=True,
                capture_output=True,
                cwd="/",
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return disguise
    raise RuntimeError("PostgreSQL refuses to run as root here: start as an ordinary user")


def _try_on(disguise: Disguise, binary: str) -> None:
    disguise.put_on()
    if not os.access(binary, os.X_OK):
        raise PermissionError(binary)
