"""Errors are reported to a Sentry of yours, when SENTRY_DSN names one, without secrets and without persons."""

from typing import Any, Final

from elinkages.watch import person, scrub

KEPT_OF_A_REQUEST: Final = ("method",)
KEPT_OF_A_PERSON: Final = ("id",)


def start(dsn: str, *, environment: str, release: str) -> None:
    """Report errors of this process from now on; without a DSN nothing is loaded and nothing is sent."""
    if not dsn:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=20,
        before_send=before_send,
        before_breadcrumb=lambda crumb, _hint: scrub.anything(crumb),
    )


def before_send(event: Any, _hint: Any) -> Any:
    """What leaves: the error, where it was raised, the route, and ids. Nothing that came with the request."""
    request = event.pop("request", None) or {}
    if kept := {name: request[name] for name in KEPT_OF_A_REQUEST if name in request}:
        event["request"] = kept
    if person := event.pop("user", None):
        event["user"] = {name: str(person[name]) for name in KEPT_OF_A_PERSON if name in person}
    event.pop("modules", None)
    event["tags"] = {**(event.get("tags") or {}), **_bound()}
    contexts = event.pop("contexts", None) or {}
    event["contexts"] = {name: contexts[name] for name in ("runtime", "trace") if name in contexts}
    return {name: scrub.named(name, value) for name, value in event.items()}


def _bound() -> dict[str, str]:
    """Request, MSP, person and task, as in the log lines."""
    import structlog

    found = structlog.contextvars.get_contextvars()
    found = {"user_id": person.id_(), **found}
    names = ("request_id", "msp", "user_id", "task_id")
    return {name: str(found[name]) for name in names if found.get(name)}
