"""The two servers together: kept ones for the demo, throw-away ones for tests."""

import base64
import json
import os
import secrets
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from elinkages.machine import binaries, postgres, redis_server
from elinkages.machine.account import Account, reachable_folder
from elinkages.machine.postgres import Passwords, Postgres
from elinkages.machine.redis_server import Redis

CHECKOUT = Path(__file__).resolve().parents[2]


def home_folder() -> Path:
    """ELINKAGES_HOME, or `.elinkages` in the checkout: everything we make and keep is in there."""
    return Path(os.environ.get("ELINKAGES_HOME") or CHECKOUT / ".elinkages").expanduser().resolve()


@dataclass(slots=True)
class Keys:
    """What is made up once per home folder and never printed."""

    secret_key: str
    superuser: str
    owner: str
    app: str
    redis: str
    backup: str = field(default_factory=lambda: secrets.token_hex(16))
    secrets_key: str = field(default_factory=lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    postgres_port: int = 0
    redis_port: int = 0

    @classmethod
    def fresh(cls) -> "Keys":
        """New random keys."""
        superuser, owner, app, redis = (secrets.token_hex(16) for _ in range(4))
        return cls(secrets.token_urlsafe(50), superuser, owner, app, redis)

    @classmethod
    def kept(cls, file: Path) -> "Keys":
        """The keys of this home, made on the first start."""
        if file.exists():
            return cls(**json.loads(file.read_text()))
        return cls.fresh()

    def keep(self, file: Path) -> None:
        """Write the keys where only we can read them."""
        unfinished = file.with_suffix(".unfinished")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(asdict(self), indent=2))
        unfinished.rename(file)


@dataclass(slots=True)
class Servers:
    """PostgreSQL and Redis of one folder, started together."""

    postgres: Postgres
    redis: Redis
    postgres_process: "subprocess.Popen[bytes] | None" = None
    redis_process: "subprocess.Popen[bytes] | None" = None

    def environment(self, keys: Keys, home: Path) -> dict[str, str]:
        """What the settings of Elinkages read."""
        return {
            "DATABASE_URL": self.postgres.app_url,
            "DATABASE_OWNER_URL": self.postgres.owner_url,
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": keys.secret_key,
            "SECRETS_KEY": keys.secrets_key,
            "ELINKAGES_HOME": str(home),
        }

    def stop(self) -> None:
        """Stop both, whichever of them runs."""
        if self.redis_process:
            redis_server.stop(self.redis, self.redis_process)
        if self.postgres_process:
            postgres.stop(self.postgres, self.postgres_process)


def describe(folder: Path, home: Path, keys: Keys, account: Account, *, data: Path | None = None) -> Servers:
    """The servers that live in `folder` (notes and logs) and `data` (their files), not started yet."""
    spare = reachable_folder(home, account)
    data = data or spare
    run_folder, logs = folder / "run", folder / "logs"
    for needed in (run_folder, logs):
        needed.mkdir(parents=True, exist_ok=True)
    return Servers(
        Postgres(
            programs=binaries.postgres_programs(account, spare=spare),
            data=data / "postgres",
            run_folder=run_folder,
            log=logs / "postgres.log",
            account=account,
            passwords=Passwords(keys.superuser, keys.owner, keys.app, keys.backup),
            port=keys.postgres_port,
        ),
        Redis(
            program=binaries.redis_program(account, spare=spare),
            data=data / "redis",
            run_folder=run_folder,
            log=logs / "redis.log",
            account=account,
            password=keys.redis,
            port=keys.redis_port,
        ),
    )
