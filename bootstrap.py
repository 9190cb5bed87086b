"""Make .venv what requirements.txt says: `python3 bootstrap.py [FILE …]`, by uv, else by pip.

Runs on the machine's own Python with its standard library only, and does nothing when nothing
changed. Two at once take turns.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
_OLDEST = (3, 11)


def main(names: list[str]) -> int:
    files = [ROOT / name for name in names or ["requirements.txt"]]
    if sys.version_info < _OLDEST:
        return _refuse(f"hace falta Python {_OLDEST[0]}.{_OLDEST[1]} o posterior")
    if VENV.is_symlink():  # it is somebody else's, and would be made anew under their feet
        return _refuse(".venv es un enlace: bórrelo y repita")
    VENV.mkdir(exist_ok=True)
    with (VENV / "instalacion.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [file for file in files if not _is_installed(file)]
        if not missing:
            return 0
        if not _has_python() and not _create_venv():
            return _refuse(
                "no se pudo crear .venv: instale el módulo venv de Python (python3-venv) y repita"
            )
        sys.stdout.write(f"Instalando {', '.join(file.name for file in missing)} en .venv …\n")
        sys.stdout.flush()
        if not (_install_with_uv(missing) or _install_with_pip(missing)):
            return _refuse("no se pudieron instalar las dependencias; arriba está el porqué")
        for file in missing:
            _stamp(file).write_text(_digest(file))
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"Error: {reason}\n")
    return 1


# --- what is there -------------------------------------------------------------------------------


def _digest(file: Path) -> str:
    """Of the lock and of where the environment stands, whose scripts name absolute paths."""
    where = f"{VENV} {sys.version_info[:2]}"
    return hashlib.sha256(file.read_bytes() + os.fsencode(where)).hexdigest()


def _stamp(file: Path) -> Path:
    return VENV / f"{file.name}.sha256"


def _is_installed(file: Path) -> bool:
    try:
        return _stamp(file).read_text() == _digest(file) and _has_python()
    except FileNotFoundError:
        return False


def _has_python() -> bool:
    """Whether .venv runs with this version and was made in this place: a clone that was moved
    has a Python that runs, and scripts that name the old place."""
    ask = "import sys; print(sys.prefix, *sys.version_info[:2], sep='\\n')"
    try:
        answer = subprocess.run([PYTHON, "-Ic", ask], capture_output=True, text=True)
        if str(VENV) not in (VENV / "bin" / "activate").read_text():
            return False
    except OSError:
        return False
    return answer.stdout.splitlines() == [str(VENV), *(str(n) for n in sys.version_info[:2])]


# --- making it -----------------------------------------------------------------------------------


def _create_venv() -> bool:
    """By venv, else by what else can: a Debian without python3-venv has no ensurepip."""
    keep = {"instalacion.lock"}
    for old in [path for path in VENV.iterdir() if path.name not in keep]:
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    bare: list[str | Path] = [sys.executable, "-m", "venv", "--without-pip", VENV]
    ways: list[list[list[str | Path]]] = [
        [[sys.executable, "-m", "venv", VENV]],
        [[sys.executable, "-m", "virtualenv", "-q", VENV]],
        [["uv", "venv", "-q", "--allow-existing", "--seed", "-p", sys.executable, VENV]],
        [bare, [sys.executable, "-m", "pip", "--python", PYTHON, "install", "-q", "pip"]],
    ]
    return any(all(_succeeds(s, quiet=True) for s in steps) and _has_python() for steps in ways)


def _install_with_uv(files: list[Path]) -> bool:
    """Ten times faster than pip. It does not read pip's configuration, so it is told."""
    uv = _uv()
    if uv is None:
        return False
    given = [argument for file in files for argument in ("-r", file)]
    install = [uv, "pip", "install", "-q", "--python", PYTHON, "--compile-bytecode", *given]
    environment = {**os.environ, **uv_settings()}
    # Without a home there is no place for its cache, which it insists on.
    return any(
        _succeeds([*install, *more], env=environment, quiet=True) for more in ([], ["--no-cache"])
    )


def _uv() -> "str | Path | None":
    own = VENV / "bin" / "uv"
    if not own.exists():
        _succeeds([PYTHON, "-m", "pip", "install", "-q", "uv"], quiet=True)
    return own if own.exists() else shutil.which("uv")


def uv_settings() -> dict[str, str]:
    """What pip is configured with on this machine, in uv's words; uv's own settings win."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    scopes: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        scope, _, option = name.rpartition(".")
        scopes.get(scope, {})[option] = value.strip("'\"").replace("\\n", " ")
    pip = {option: value for told in scopes.values() for option, value in told.items()}
    words = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "no-index": "UV_NO_INDEX",
        "cert": "SSL_CERT_FILE",
        "trusted-host": "UV_INSECURE_HOST",
        "proxy": "ALL_PROXY",
    }
    told = {word: pip[option] for option, word in words.items() if pip.get(option)}
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = ",".join(told["UV_FIND_LINKS"].split())
    if "UV_INDEX" in told:
        told["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks in all of them, too
    return {word: value for word, value in told.items() if word not in os.environ}


def _install_with_pip(files: list[Path]) -> bool:
    """The lock is complete, so nothing needs resolving, which takes pip minutes."""
    given = [argument for file in files for argument in ("-r", file)]
    sys.stdout.write("  (con pip, que tarda más)\n")
    sys.stdout.flush()
    return _succeeds([PYTHON, "-m", "pip", "install", "-q", "--no-deps", *given])


def _succeeds(
    argv: "list[str | Path]", *, env: "dict[str, str] | None" = None, quiet: bool = False
) -> bool:
    try:
        done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=quiet)
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
