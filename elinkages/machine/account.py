"""Who runs the servers: PostgreSQL refuses to run as root, so root hands it to an ordinary user."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NAME = "elinkages"
WAYS_TO_ADD = (
    ("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", NAME),
    ("adduser", "-S", "-D", "-H", NAME),
)


class Identity(TypedDict, total=False):
    """The keyword arguments of Popen that change the user."""

    user: int
    group: int
    extra_groups: list[int]


class NoOrdinaryUser(RuntimeError):
    """We are root and there is nobody else to run a server as."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that runs the servers; `switch` is False when that is simply us."""

    uid: int
    gid: int
    switch: bool

    def identity(self) -> Identity:
        """What to give to Popen so that the process runs as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def can_enter(self, folder: Path) -> bool:
        """Whether this user gets to `folder` through every folder above it."""
        if not self.switch:
            return True
        absolute = folder.resolve()
        parents = [absolute, *absolute.parents]
        return all(self._can_pass(parent) for parent in parents if parent.exists())

    def _can_pass(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & stat.S_IXOTH)

    def own(self, folder: Path) -> Path:
        """Make `folder` if needed and give it to this user, closed to everyone else."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        return folder


def ordinary_account() -> Account:
    """The current user, or as root the user `elinkages` (made when missing), or `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    entry = _entry(NAME) or _added() or _entry("nobody")
    if entry is None or entry.pw_uid == 0:
        raise NoOrdinaryUser(f"PostgreSQL does not run as root. Add a user first: useradd --system {NAME}")
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _added() -> pwd.struct_passwd | None:
    for command in WAYS_TO_ADD:
        if shutil.which(command[0]):
            subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL)
        if entry := _entry(NAME):
            return entry
    return None


def reachable_folder(wanted: Path, account: Account) -> Path:
    """`wanted`, or a folder of ours below /var/tmp when the account cannot get there (a clone in /root)."""
    if account.can_enter(wanted):
        return wanted
    key = hashlib.sha256(str(wanted.resolve()).encode()).hexdigest()[:12]
    folder = Path("/var/tmp") / f"elinkages-{key}"  # noqa: S108  ours alone: checked just below
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise NoOrdinaryUser(f"{folder} belongs to someone else. Set ELINKAGES_HOME to a folder outside {wanted}.")
    folder.chmod(0o711)
    return folder


def temporary_root(account: Account) -> Path:
    """Where throw-away servers live: the usual temporary folder if the account can enter it."""
    usual = Path(tempfile.gettempdir())
    return usual if account.can_enter(usual) else Path("/var/tmp")  # noqa: S108  mkdtemp makes it private
