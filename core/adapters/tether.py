"""Linux, entirely: processes that do not outlive the one that started them.

As a script, `python -I -S tether.py TERM command …` becomes the command, tethered. It imports
next to nothing because every restart of every process pays for it.
"""

import ctypes
import os
import signal
import sys
import time

PARENT = "TETHER_PARENT"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


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


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none gets lost."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(*, besides: int) -> None:
    """Bury the adopted that have ended; `besides` is somebody else's to wait for."""
    while (ended := _ended_child()) and ended != besides:
        os.waitpid(ended, 0)


def end_orphans(*, patience: float) -> None:
    """Return when this process has no children left; SIGKILL after `patience` seconds."""
    deadline = time.monotonic() + patience
    while (ended := _ended_child()) is not None:
        if ended:
            os.waitpid(ended, 0)
            continue
        if time.monotonic() > deadline:
            for pid in _children():
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _ended_child() -> int | None:
    """A child that has ended and waits for us; 0 while all run, None when there are none."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found else 0


def _children() -> list[int]:
    me, found = os.getpid(), []
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:  # it ended meanwhile
                continue
            if parent == me:
                found.append(int(entry))
    return found


if __name__ == "__main__":
    become(sys.argv[2:], death=signal.Signals[f"SIG{sys.argv[1]}"])
