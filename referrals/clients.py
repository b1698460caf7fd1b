"""A client from the first contract to the day they leave, and back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.constraints import only
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from referrals import contracts, screening
from referrals.models import Client, ClientState, Referral

LONGEST_NOTICE = timedelta(days=366)


class NameMissing(Refused):
    """A client without a name."""


class AlreadyClient(Refused):
    """The introduction has become a client before."""


class AlreadyLeft(Refused):
    """The client has left before."""


class NotLeft(Refused):
    """The client has not left."""


class WrongDay(Refused):
    """A day that cannot be the one meant."""


def create(
    *,
    name: str,
    website: str = "",
    referral: Referral | None = None,
    since_on: date,
    external_id: str = "",
    by: Actor,
    at: datetime,
) -> Client:
    """Add a client; with `referral`, the one that the introduction became. Screening knows it from now on.

    Raises NameMissing, or AlreadyClient when the introduction has a client.
    """
    return create_all([NewClient(name, since_on, website, referral, external_id)], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client to be added; see `create`."""

    name: str
    since_on: date
    website: str = ""
    referral: Referral | None = None
    external_id: str = ""


def create_all(new: Sequence[NewClient], *, by: Actor, at: datetime) -> list[Client]:
    """Add clients in few statements, each as `create` would, all of them or none. Raises what `create` raises."""
    clients = [
        Client(
            name=" ".join(one.name.split())[:160],
            website=one.website.strip()[:200],
            referral=one.referral,
            since_on=one.since_on,
            created_at=at,
            external_id=one.external_id,
        )
        for one in new
    ]
    for client in clients:
        client.name_key = company_key(client.name)
        if not client.name:
            raise NameMissing("Enter the client's name.")
    _insert(clients)
    screening.index_clients(clients)
    trail.record_all([_added(client, by, at) for client in clients])
    return clients


def _insert(clients: Sequence[Client]) -> None:
    try:
        with transaction.atomic():
            Client.objects.bulk_create(clients)
    except IntegrityError as error:
        only("client_referral_once", error)
        raise AlreadyClient(f"{_introduced_twice(clients).company} is already a client, from this referral.") from error


def _introduced_twice(clients: Sequence[Client]) -> Referral:
    """The introduction that has a client already, or would have two of these."""
    new = [client.referral for client in clients if client.referral]
    counts = Counter(referral.pk for referral in new)
    counts.update(Client.objects.filter(referral__in=new).values_list("referral_id", flat=True))
    return next(referral for referral in new if counts[referral.pk] > 1)


def _added(client: Client, by: Actor, at: datetime) -> trail.Event:
    told = {"since_on": client.since_on, "referred_by": _referrer(client.referral)}
    return trail.event("client.added", client, by=by, at=at, **told)


def leave(client: Client, *, on: date, reason: str, by: Actor, at: datetime) -> Client:
    """The client leaves; `on` is the first day without service. Contracts that would run longer end that day.

    A contract that has not started by then ends on its first day. Raises AlreadyLeft or WrongDay.
    """
    client = _locked(client)
    if client.state == ClientState.LEFT:
        raise AlreadyLeft(f"{client.name} has already been recorded as leaving.")
    if on < client.since_on:
        raise WrongDay(f"{client.name} became a client on {say_day(client.since_on)}.")
    if on > at.date() + LONGEST_NOTICE:
        raise WrongDay("That day is more than a year away. Record it closer to the date.")
    for contract in client.contracts.select_related("service_line").order_by("pk"):
        if contract.ends_on is None or contract.ends_on > max(on, contract.starts_on):
            contracts.end(contract, on=max(on, contract.starts_on), reason=reason, by=by, at=at)
    client.state, client.left_on, client.left_reason = ClientState.LEFT, on, reason[:300]
    client.save(update_fields=["state", "left_on", "left_reason"])
    trail.record("client.left", client, by=by, at=at, first_day_without_service_on=on, reason=reason)
    return client


def come_back(client: Client, *, note: str = "", by: Actor, at: datetime) -> Client:
    """The client is one again. Contracts stay ended: sign new ones, or take back an end that was a mistake.

    Raises NotLeft.
    """
    client = _locked(client)
    if client.state == ClientState.ACTIVE:
        raise NotLeft(f"{client.name} has not left.")
    left_on = client.left_on
    client.state, client.left_on, client.left_reason = ClientState.ACTIVE, None, ""
    client.save(update_fields=["state", "left_on", "left_reason"])
    trail.record("client.came_back", client, by=by, at=at, had_left_on=left_on, note=note)
    return client


def _locked(client: Client) -> Client:
    return Client.objects.select_for_update().get(pk=client.pk)


def _referrer(referral: Referral | None) -> str:
    return referral.partner.name if referral else ""
