"""Log lines: JSON with the request, the MSP, the person's id and the task; readable text in the demo.

Everything goes through Python's logging, ours and the libraries', and so through one scrubber (`scrub`).
"""

from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from structlog.typing import Processor

Event = MutableMapping[str, Any]
_QUIET: Final = {
    # Each of these says what one of our own lines says better, or says it with what must not be in a log.
    "django.request": {"level": "CRITICAL"},
    "django.server": {"level": "CRITICAL"},
    "celery.app.trace": {"level": "CRITICAL"},
    "celery.worker.strategy": {"level": "WARNING"},
    "gunicorn.access": {"level": "CRITICAL"},
    "httpx": {"level": "WARNING"},
}


def configure(*, human: bool) -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING; `human` is text for a terminal instead of JSON lines."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        add_msp,
        add_person,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last = _as_text() if human else _as_json()
    formatter = {"()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": before, "processors": last}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": "INFO"},
        "loggers": {**_QUIET, "gunicorn.error": {"handlers": ["console"], "propagate": False, "level": "INFO"}},
    }


def _as_text() -> list[Processor]:
    return [*_finished(), structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]


def _as_json() -> list[Processor]:
    renamed = structlog.processors.EventRenamer("message")
    return [*_finished(), renamed, structlog.processors.JSONRenderer(default=str)]


def _finished() -> list[Processor]:
    """What happens to every line, ours or a library's, before it is written."""
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        scrubbed,
    ]


def add_msp(_logger: Any, _method: str, event: Event) -> Event:
    """The MSP of the open unit of work, unless the line names one."""
    from elinkages.kernel import tenancy  # here, because the settings configure us before Django can be imported

    if "msp" not in event and tenancy.active():
        event["msp"] = str(tenancy.current_msp_id())
    return event


def add_person(_logger: Any, _method: str, event: Event) -> Event:
    """The id of the person whose request this is."""
    from elinkages.watch import person

    if "user_id" not in event and (found := person.id_()):
        event["user_id"] = found
    return event


def scrubbed(_logger: Any, _method: str, event: Event) -> Event:
    """No secrets and nothing personal, whoever wrote the line. Last before rendering, after exceptions are text."""
    from elinkages.watch import scrub

    return {name: scrub.named(name, value) for name, value in event.items()}
