"""A fresh machine may have programs on PATH that do not work: they are not taken for ones that do."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from elinkages.machine import binaries, environment

FAILING_SHIM = "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n"


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)
    return path


def test_a_uv_shim_that_fails_is_not_a_working_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "shims", "uv", FAILING_SHIM)
    own = program(tmp_path / "home" / "uv" / "bin", "uv", "#!/bin/sh\necho uv 0.9.1\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:/bin")
    assert environment.working_uv(tmp_path / "home") == str(own)


def test_a_uv_that_is_too_old_for_the_lock_file_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "old", "uv", "#!/bin/sh\necho uv 0.1.24\n")
    own = program(tmp_path / "home" / "uv" / "bin", "uv", "#!/bin/sh\necho uv 0.9.1\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:/bin")
    assert environment.working_uv(tmp_path / "home") == str(own)


def test_a_python_shim_that_fails_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "shims", "python3.12", FAILING_SHIM)
    program(tmp_path / "real", "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}:{tmp_path / 'real'}:/bin")
    found = environment.python_for("uv")
    assert environment.version_in(environment.answer_of(found, "--version")) >= (3, 12)


@pytest.mark.parametrize("answer", ["3.11 cpython /usr/bin/python3.11", "3.12 pypy /usr/bin/pypy", ""])
def test_a_python_that_is_too_old_or_no_cpython_is_not_used(tmp_path: Path, answer: str) -> None:
    assert environment.interpreter(str(program(tmp_path, "python3", f"#!/bin/sh\necho '{answer}'\n"))) == ""


def test_a_mirror_of_the_package_index_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert environment.other_index() == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://pypi.org/simple/")
    assert environment.other_index() == ""


def test_a_step_that_fails_says_what_was_said(tmp_path: Path) -> None:
    broken = program(tmp_path, "uv", "#!/bin/sh\necho 'no such index' >&2\nexit 2\n")
    with pytest.raises(environment.CannotMake, match=r"Could not get uv\.(.|\n)*no such index"):
        environment.run([str(broken)], "get uv")


def test_a_server_on_path_that_does_not_run_is_not_used(tmp_path: Path) -> None:
    assert not binaries.runs(str(program(tmp_path, "redis-server", FAILING_SHIM)), "--version")
    assert not binaries.runs(str(tmp_path / "missing"), "--version")


def test_compiled_modules_are_kept_also_where_the_machine_asks_for_none(tmp_path: Path) -> None:
    script = program(
        tmp_path / "bin", "which", f'#!/bin/sh\n. "{environment.CHECKOUT}/elinkages/machine/environment.sh"\nenv\n'
    )
    home = tmp_path / "home"
    (home / "venv" / "bin").mkdir(parents=True)
    (home / "venv" / "bin" / "python").symlink_to(sys.executable)
    shutil.copy(environment.CHECKOUT / "uv.lock", home / "venv" / "uv.lock.installed")
    shutil.copy(environment.CHECKOUT / "uv.lock", tmp_path / "uv.lock")
    told = {"PATH": "/usr/bin:/bin", "ELINKAGES_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run([str(script)], env=told, capture_output=True, text=True, check=True).stdout.splitlines()
    assert f"PYTHONPYCACHEPREFIX={home / 'bytecode'}" in said
    assert not [line for line in said if line.startswith("PYTHONDONTWRITEBYTECODE")]
