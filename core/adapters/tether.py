"""Linux, entirely: processes that do not outlive the one that started them.

As a script, `python -I -S tether.py TERM command …` becomes the command, tethered. It imports
next to nothing because every restart of every process pays for it.
"""

import ctypes
import os
import signal
import sys

PARENT = "TETHER_PARENT"
_PR_SET_PDEATHSIG = 1


def die_with_parent(death: signal.Signals) -> None:
    """Have the kernel send `death` to this process when the thread that started it is gone.

    A change of user clears it, an exec does not. Where PARENT names the pid that started us and
    it is already gone, this process ends here: the kernel sends nothing for what is past.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death), 0, 0, 0)
    expected = os.environ.get(PARENT)
    if expected and int(expected) != os.getppid():
        sys.exit(f"the process that started this one ({expected}) is gone")


def become(argv: list[str], *, death: signal.Signals) -> None:
    """Replace this process with `argv`, tethered; what `argv` starts can be tethered to it."""
    die_with_parent(death)
    os.environ[PARENT] = str(os.getpid())
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    become(sys.argv[2:], death=signal.Signals[f"SIG{sys.argv[1]}"])
