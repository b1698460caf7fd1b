"""Make the Python environment of Elinkages, from nothing but a Python 3.11+ and a package index.

Run as a file (`python3 elinkages/machine/environment.py HOME`) by the scripts in bin/, before any package
of ours can be imported. It gets its own `uv` when no working one is on PATH, and finds a Python 3.12+.
"""

import configparser
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
OLDEST_UV = (0, 5)
OLDEST_PYTHON = (3, 12)
PYPI = ("https://pypi.org/simple", "https://pypi.python.org/simple")


class CannotMake(RuntimeError):
    """The environment cannot be made; the message says what to do."""


def say(text: str) -> None:
    """Tell whoever waits what is going on."""
    print(f"  {text}", file=sys.stderr, flush=True)


def answer_of(*command: str) -> str:
    """What a program prints, or "" when it does not run: a shim on PATH may well fail."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def version_in(text: str) -> tuple[int, ...]:
    """The first version number in a text; () without one."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()


def working_uv(home: Path) -> str:
    """A `uv` that runs and is new enough: on PATH, ours from before, or ours made now."""
    for candidate in (shutil.which("uv"), home / "uv" / "bin" / "uv"):
        if candidate and version_in(answer_of(str(candidate), "--version")) >= OLDEST_UV:
            return str(candidate)
    say("Getting uv into " + str(home / "uv"))
    shutil.rmtree(home / "uv", ignore_errors=True)
    run([sys.executable, "-m", "venv", str(home / "uv")], "make a virtual environment for uv")
    own_python = str(home / "uv" / "bin" / "python")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run([own_python, "-m", "pip", "install", *quiet, "uv"], "get uv from the package index")
    return str(home / "uv" / "bin" / "uv")


def python_for(uv: str) -> str:
    """A Python 3.12 or newer that really runs; as the last resort uv gets one."""
    names = ["python3.12", "python3.13", "python3.14", "python3", "python"]
    on_path = [found for name in names if (found := shutil.which(name))]
    usual = ["/usr/bin/python3", "/usr/local/bin/python3", sys.executable]
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob("3.*/bin/python"))
    for candidate in [*on_path, *usual, *map(str, pyenv)]:
        if real := interpreter(candidate):
            return real
    say("Getting Python 3.12, because none is here")
    try:
        run([uv, "python", "install", "3.12"], "get Python 3.12")
    except CannotMake as problem:
        raise CannotMake(f"{problem}\nInstall a Python 3.12 or newer yourself and start again.") from None
    return answer_of(uv, "python", "find", "3.12")


def interpreter(candidate: str) -> str:
    """The real path of a Python that runs and is new enough, else ""."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name, sys._base_executable)"
    version, _, rest = answer_of(candidate, "-c", code).partition(" ")
    name, _, path = rest.partition(" ")
    return path if name == "cpython" and version_in(version) >= OLDEST_PYTHON else ""


def run(command: list[str], purpose: str, environment: dict[str, str] | None = None) -> None:
    """Run a command, quiet if it works; raises CannotMake with what it said."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, cwd=CHECKOUT
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-12:]
        raise CannotMake(f"Could not {purpose}. {command[0]} said:\n    " + "\n    ".join(said))


def other_index() -> str:
    """The package index of this machine when it is not PyPI, which uv.lock names; else ""."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if found := os.environ.get(name, ""):
            return "" if found.rstrip("/") in PYPI else found
    files = [os.environ.get("PIP_CONFIG_FILE", ""), "~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/pip.conf"]
    for file in files:
        settings = configparser.ConfigParser(interpolation=None)
        try:
            settings.read(Path(file).expanduser() if file else [])
        except (configparser.Error, UnicodeDecodeError):
            continue
        if found := settings.get("global", "index-url", fallback=""):
            return "" if found.rstrip("/") in PYPI else found
    return ""


def install(uv: str, home: Path) -> None:
    """Install exactly what uv.lock lists, hashes checked, into `home`/venv."""
    venv = home / "venv"
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(venv), "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    if not interpreter(str(venv / "bin" / "python")):
        shutil.rmtree(venv, ignore_errors=True)
    own = venv / "bin" / "python"
    python = str(own) if own.exists() else python_for(uv)
    say(f"Installing the packages of uv.lock on {answer_of(python, '--version')}")
    purpose = "install the packages"
    index = other_index()
    if not index:
        run([uv, "sync", "--locked", "--quiet", "--no-progress", "--python", python], purpose, environment)
        return
    # A mirror serves the same files under other addresses: the hashes of uv.lock say that they are the same.
    listed = home / "requirements.txt"
    run([uv, "export", "--frozen", "--quiet", "-o", str(listed)], "read uv.lock", environment)
    if not own.exists():
        run([uv, "venv", "--quiet", "--python", python, str(venv)], "make the environment", environment)
    mirror = ["--require-hashes", "--default-index", index, "--python", str(own)]
    run([uv, "pip", "sync", "--quiet", *mirror, str(listed)], purpose, environment)


def main(home: Path) -> int:
    """Make or renew the environment below `home`; one process at a time."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = CHECKOUT / "uv.lock"
        installed = home / "venv" / "uv.lock.installed"
        current = installed.exists() and installed.read_bytes() == wanted.read_bytes()
        if current and interpreter(str(home / "venv" / "bin" / "python")):
            return 0  # another start made it while we waited
        print(f"Making the Python environment in {home} (once, about a minute)", file=sys.stderr)
        try:
            install(working_uv(home), home)
        except CannotMake as problem:
            print(problem, file=sys.stderr)
            return 1
        shutil.copyfile(wanted, installed)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
