"""docker-compose.yml, Dockerfile, the example of .env, the settings and the runbook say the same.

No Docker is needed: the files are read, and the commands of the services run against the embedded servers, with the
roles made by the script that the database's image would run.
"""

import ast
import base64
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from elinkages.machine import postgres, redis_server
from elinkages.machine.services import Servers
from tests.machine.servers import a_server

ROOT = Path(__file__).resolve().parents[2]
READERS = ("elinkages/settings.py", "elinkages/gunicorn.py", "elinkages/alive.py")
NOT_FOR_COMPOSE = {
    "DEBUG": "a developer's",
    "DEMO": "bin/demo's",
    "HTTP_ALLOW_LOOPBACK": "the tests'",
    "EMAIL_BACKEND": "the tests'",
    "ELINKAGES_HOME": "the Dockerfile's",
    "PROMETHEUS_MULTIPROC_DIR": "below ELINKAGES_HOME unless set",
}
SERVED = ("web", "worker", "beat")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def example() -> dict[str, str]:
    """Name → value of deploy/example.env."""
    lines = (ROOT / "deploy/example.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def variables_read() -> set[str]:
    """Every environment variable that the product's own processes read, by looking at their code."""
    names: set[str] = set()
    for reader in READERS:
        for node in ast.walk(ast.parse((ROOT / reader).read_text())):
            match node:
                case ast.Call(func=ast.Name(id="_flag" | "_required"), args=[first, *_]):
                    names |= _constants(first)
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ")), args=[first, *_]):
                    names |= _constants(first)
                case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                    names.add(name)
    return names - {"DJANGO_SETTINGS_MODULE"}


def _constants(node: ast.expr) -> set[str]:
    found = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {name for name in found if re.fullmatch(r"[A-Z][A-Z_]+", name)}


def interpolated() -> dict[str, list[str]]:
    """Name → every way in which compose refers to it: `:?` demands it, `:-` has a default."""
    found: dict[str, list[str]] = {}
    for name, how in re.findall(r"(?<!\$)\$\{([A-Z_]+)(:[?-])?", (ROOT / "docker-compose.yml").read_text()):
        found.setdefault(name, []).append(how)
    return found


def test_every_variable_that_is_read_is_set_by_compose_and_explained_in_the_runbook() -> None:
    read = variables_read()
    assert {"SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "EMAIL_USE_TLS", "WEB_CONCURRENCY"} <= read
    given = {name for service in compose()["services"].values() for name in service["environment"]}
    assert read - given == NOT_FOR_COMPOSE.keys()
    runbook = (ROOT / "docs/runbook.md").read_text()
    assert [name for name in sorted(read | interpolated().keys()) if f"`{name}`" not in runbook] == []


def test_the_example_names_exactly_what_compose_asks_for() -> None:
    assert example().keys() == interpolated().keys()


def test_no_secret_has_a_default() -> None:
    for name, ways in interpolated().items():
        if re.search("PASSWORD|SECRET|_KEY$", name) and name not in ("SECRETS_KEY_FALLBACKS", "EMAIL_HOST_PASSWORD"):
            assert set(ways) == {":?"}, name
            assert example()[name] == "", name


def test_images_are_of_a_version_and_every_service_is_watched() -> None:
    services = compose()["services"]
    images = [service["image"] for service in services.values() if "image" in service]
    dockerfile = (ROOT / "Dockerfile").read_text()
    images += re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    for image in images:
        assert re.search(r":\d+\.\d+|@sha256:", image), f"{image} may become another one"
    for name, service in services.items():
        is_watched = "healthcheck" in service or name in ("web", "migrate")
        assert is_watched, name
    assert "HEALTHCHECK" in dockerfile, "for the web"
    assert "USER elinkages" in dockerfile
    for name in SERVED:
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_every_volume_is_used_and_every_kept_folder_is_a_volume() -> None:
    services, declared = compose()["services"], set(compose()["volumes"])
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert {name for name in used if not name.startswith(".")} == declared
    for path in (volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())):
        assert not path.startswith(".") or (ROOT / path).exists()
    assert "database:/var/lib/postgresql" in services["db"]["volumes"], "where postgres:18 keeps its data"
    heads = Path(services["worker"]["environment"]["LEDGER_HEADS"])
    assert f"records:{heads.parent}" in services["worker"]["volumes"]


@contextmanager
def the_servers(folder: Path) -> Iterator[tuple[Servers, dict[str, str]]]:
    """PostgreSQL with the roles of deploy/make-roles.sh, Redis, and what .env would say."""
    with a_server(folder) as (database, _redis), ExitStack() as stack:
        servers = _redis_of(folder)
        process = redis_server.start(servers.redis, durable=False)
        stack.callback(redis_server.stop, servers.redis, process)
        filled = {name: value or secrets.token_hex(32) for name, value in example().items()}
        filled |= {
            "SITE_URL": "https://partners.example.com",
            "ALLOWED_HOSTS": "partners.example.com,127.0.0.1",
            "SECRETS_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "SECRETS_KEY_FALLBACKS": "",
            "SSL_REDIRECT": "1",
            "SENTRY_DSN": "",
            "EMAIL_HOST": "127.0.0.1",
            "REDIS_PASSWORD": servers.redis.password,
            "POSTGRES_PASSWORD": database.passwords.superuser,
        }
        path = f"{database.programs}:{os.environ['PATH']}"
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(database.port), "PGPASSWORD": database.passwords.superuser}
        subprocess.run(
            ["sh", ROOT / "deploy/make-roles.sh"],
            env={**filled, **where, "PATH": path, "POSTGRES_USER": "postgres", "ROLES_SQL": str(postgres.ROLES)},
            check=True,
            capture_output=True,
        )
        hosts = {"@db:5432": f"@127.0.0.1:{database.port}", "@redis:6379": f"@127.0.0.1:{servers.redis.port}"}
        yield servers, {"filled": json.dumps(filled), "hosts": json.dumps(hosts)}


def _redis_of(folder: Path) -> Servers:
    from elinkages.machine import services
    from elinkages.machine.account import ordinary_account

    keys = services.Keys.fresh()
    keys.redis_port = postgres.free_port()
    return services.describe(folder / "server", folder / "server", keys, ordinary_account())


def environment_of(service: str, given: dict[str, str], home: Path) -> dict[str, str]:
    """What the container of a service would see, with the servers where they really are."""
    filled, hosts = json.loads(given["filled"]), json.loads(given["hosts"])

    def fill(found: re.Match[str]) -> str:
        name, default = found.group(1), found.group(2) or ""
        return filled[name] or default.removeprefix(":-")

    seen = {"PATH": os.environ["PATH"], "ELINKAGES_HOME": str(home), "HOME": str(home)}
    for name, text in compose()["services"][service]["environment"].items():
        value = re.sub(r"\$\{([A-Z_]+)((?::-[^}]*)?)(?::\?[^}]*)?\}", fill, str(text))
        for host, real in hosts.items():
            value = value.replace(host, real)
        seen[name] = value.replace("/srv/home", str(home))
    return seen


def command_of(service: str, port: int) -> list[str]:
    """The service's command with this environment's Python, and the web on a free port."""
    given = compose()["services"][service].get("command")
    if given is None:
        (text,) = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        given = json.loads(text)
    program, *arguments = given
    start = [sys.executable] if program == "python" else [sys.executable, "-m", program]
    return [*start, *(f"127.0.0.1:{port}" if argument == "0.0.0.0:8000" else argument for argument in arguments)]


def ask(port: int, path: str, **headers: str) -> tuple[int, str]:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as problem:
        return 0, str(problem)


def test_the_commands_of_compose_bring_up_a_product_that_is_well(folder: Path) -> None:
    port, home = postgres.free_port(), folder / "home"
    (home / "records").mkdir(parents=True)
    with the_servers(folder) as (_, given), ExitStack() as stack:

        def run(service: str, *instead: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, *instead] if instead else command_of(service, port),
                env=environment_of(service, given, home),
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )

        migrated = run("migrate")
        assert migrated.returncode == 0, migrated.stderr[-2000:]
        assert run("web", "manage.py", "collectstatic", "--noinput", "--verbosity=0").returncode == 0
        running = {}
        for service in SERVED:
            log = stack.enter_context((folder / f"{service}.log").open("w"))
            running[service] = subprocess.Popen(
                command_of(service, port),
                env=environment_of(service, given, home),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(running[service].kill)
        try:
            _is_well(folder, given, home, port, run)
        finally:
            for process in running.values():
                process.send_signal(signal.SIGTERM)
        assert {name: process.wait(60) for name, process in running.items()} == dict.fromkeys(SERVED, 0)


def _is_well(folder: Path, given: dict[str, str], home: Path, port: int, run: Any) -> None:
    deadline, healthy = time.monotonic() + 90, {"database": "ok", "redis": "ok", "worker": "ok", "beat": "ok"}
    while ask(port, "/healthz") != (200, json.dumps(healthy)):
        assert time.monotonic() < deadline, ask(port, "/healthz")
        time.sleep(0.2)
    assert ask(port, "/accounts/login/")[0] == 301, "http:// goes to https://"
    behind_the_proxy = {"Host": "partners.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    status, page = ask(port, "/accounts/login/", **behind_the_proxy)
    assert (status, "password" in page) == (200, True)
    assert ask(port, "/metrics", **behind_the_proxy)[0] == 404
    token = json.loads(given["filled"])["METRICS_TOKEN"]
    assert ask(port, "/metrics", **behind_the_proxy, Authorization=f"Bearer {token}")[0] == 200
    status, metrics = ask(port, "/metrics")
    assert (status, 'route="account_login"' in metrics) == (200, True)
    for service in ("worker", "beat"):
        assert run(service, "-m", "elinkages.alive", service).returncode == 0
    logged = [json.loads(line) for line in (folder / "web.log").read_text().splitlines() if line.startswith("{")]
    assert any(line.get("request") == "GET account_login" for line in logged)
    backup = run("backup", "-m", "elinkages.machine.backup", str(folder / "backups"))
    assert backup.returncode == 0, backup.stderr
    (file,) = (folder / "backups").glob("*.tar")
    refused = run("restore", "-m", "elinkages.machine.restore", str(file))
    assert (refused.returncode, "only restored into an empty one" in refused.stderr) == (1, True)
