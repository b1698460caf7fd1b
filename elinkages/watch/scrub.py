"""What must never leave the process in a log line or an error report: secrets, and what belongs to a person.

Two nets. Values are hidden by the name that they stand under, and texts by what they look like, because an exception's
message quotes whatever the database or a mail server said. A hidden value leaves a word that says what it was.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[hidden]"
DEEPEST: Final = 12
"""How far into an error report we look; what lies deeper is hidden as a whole."""

SPOKEN: Final = frozenset(
    {"request_id", "task_id", "child_task_id", "parent_task_id", "msp", "user_id", "head", "release", "event_id"}
    | {"trace_id", "span_id", "parent_span_id"}
)
"""Names whose values look like secrets and are not: ids of ours, and the published heads of the ledgers."""
_SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|cookie|api_?key|session|csrf|signature|dsn|private|credential|otp|"
    r"(^|_)(tin|ssn|ein|iban|bic|pin|ip|email|e_mail|phone|to|cc|bcc|from|address|user_agent|username)(_|$)|"
    r"account_number|routing|remote_addr|forwarded|x_real_ip",
    re.IGNORECASE,
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LOOKS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"(?<=//)[^/@\s\"']+@"), f"{HIDDEN}@"),
    (re.compile(r"[^\s@<>\"'(),;:=|\[\]{}]+@[^\s@<>\"'(),;:=|\[\]{}]+\.[^\s@<>\"'(),;:=|\[\]{}]+"), "[e-mail]"),
    (re.compile(r"(?<=\))=\((?:[^()]|\([^()]*\))*\)"), "=([hidden])"),  # Key (column)=(value) already exists
    (re.compile(r"(Failing row contains).*"), r"\1 ([hidden])."),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), f"?{HIDDEN}"),
    (
        re.compile(
            r"(?i)\b(pass(?:word|wd)?|secret|token|api[_-]?key|authorization|bearer|code(?=\"?\s*[:=]))\b"
            r"(\"?\s*[:=]\s*|\s+(?:is\s+)?)(\"[^\"]*\"|'[^']*'|(?:bearer\s+)?[^\s,;]*[\d=][^\s,;]*)"
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])|(?<![\w-])\d{2}-\d{7}(?![\w-])"), "[number]"),
    (re.compile(r"(?<![\w.-])(?:\d{9}|\d{12,19})(?![\w-])"), "[number]"),
    (re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?(?![\w-])"), "[number]"),
)
_LONG = re.compile(rf"(?P<id>{_UUID})|(?<![\w-])[A-Za-z0-9_+=-]{{24,}}(?![\w-])")


def text(said: str) -> str:
    """A text without what looks like a secret or a person's: e-mail addresses, numbers of a taxpayer, long tokens."""
    for pattern, word in _LOOKS:
        said = pattern.sub(word, said)
    return _LONG.sub(_token, said)


def _token(found: re.Match[str]) -> str:
    whole = found.group()
    is_random = any(letter.isdigit() for letter in whole) and any(letter.isalpha() for letter in whole)
    return HIDDEN if is_random and not found.group("id") else whole


def named(name: str, value: Any, depth: int = 0) -> Any:
    """A value without secrets, given the name that it stands under."""
    if name in SPOKEN:
        return value
    if _SECRET_NAME.search(name.replace("-", "_")) and value not in (None, "", [], {}):
        return HIDDEN
    return anything(value, depth)


def anything(value: Any, depth: int = 0) -> Any:
    """A structure of mappings, lists and texts without secrets; other objects become scrubbed texts."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return text(value)
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: named(str(key), one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [anything(one, depth + 1) for one in value]
    return text(str(value))
