"""A contract from its signature to its end. MRR only ever moves by a dated, appended row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import insert_all, update_many
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from referrals.models import Client, ClientState, Contract, MovementKind, MrrMovement, ServiceLine
from referrals.movements import Change, InvalidMrr, OutsideService, WrongKind, change_of, check_mrr, preview
from referrals.mrr import timeline, timelines

__all__ = [
    "AlreadyEnded",
    "Change",
    "ClientLeft",
    "InvalidMrr",
    "Move",
    "NotEnded",
    "NotYet",
    "OtherCurrency",
    "OutsideService",
    "Signing",
    "WrongKind",
    "end",
    "move",
    "move_all",
    "preview",
    "record_first_payment",
    "record_first_payments",
    "reinstate",
    "sign",
    "sign_all",
]


class OtherCurrency(Refused):
    """A second currency at one client: their sum would mean nothing."""


class ClientLeft(Refused):
    """A contract for a client who is gone."""


class AlreadyEnded(Refused):
    """The contract ends already, on that day or before."""


class NotEnded(Refused):
    """There is no end to take back."""


class NotYet(Refused):
    """A payment on a day that has not come."""


def sign(
    client: Client,
    *,
    service_line: ServiceLine,
    mrr_minor: int,
    starts_on: date,
    owed_from: date | None = None,
    first_paid_on: date | None = None,
    external_id: str = "",
    by: Actor,
    at: datetime,
) -> Contract:
    """Start a contract at `mrr_minor` (minor units of the MSP's currency) from its first day of service.

    `owed_from` is the day from which commissions count, the first day of service when left out.
    Raises InvalidMrr, ClientLeft, OtherCurrency or NotYet.
    """
    new = Signing(client, service_line, mrr_minor, starts_on, owed_from, first_paid_on, external_id)
    return sign_all([new], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class Signing:
    """A contract to be started; see `sign`."""

    client: Client
    service_line: ServiceLine
    mrr_minor: int
    starts_on: date
    owed_from: date | None = None
    first_paid_on: date | None = None
    external_id: str = ""
    won_on: date | None = None


def sign_all(new: Sequence[Signing], *, by: Actor, at: datetime) -> list[Contract]:
    """Start contracts in few statements, each as `sign` would, all of them or none. Raises what `sign` raises."""
    msp = Msp.objects.get(pk=current_msp_id())
    foreign = Contract.objects.filter(client__in=[one.client for one in new]).exclude(currency=msp.currency)
    other_currency = dict(foreign.values_list("client_id", "currency"))
    for one in new:
        check_mrr(one.mrr_minor, msp.currency)
        if one.client.state == ClientState.LEFT:
            raise ClientLeft(f"{one.client.name} has left. Record that they came back, then add the contract.")
        if currency := other_currency.get(one.client.pk):
            raise OtherCurrency(
                f"{one.client.name} has a contract in {currency}, and you work in {msp.currency} now."
                " A client's amounts all stay in one currency."
            )
        if one.first_paid_on is not None:
            _check_paid(one.first_paid_on, msp, at)
    contracts = Contract.objects.bulk_create(
        Contract(
            client=one.client,
            service_line=one.service_line,
            currency=msp.currency,
            starts_on=one.starts_on,
            first_paid_on=one.first_paid_on,
            owed_from=one.owed_from or one.starts_on,
            is_without_plan=one.client.referral_id is not None,
            told_won_on=one.won_on,
            created_at=at,
            external_id=one.external_id,
        )
        for one in new
    )
    signed = list(zip(contracts, new, strict=True))
    MrrMovement.objects.bulk_create(
        _movement(contract, MovementKind.START, one.starts_on, one.mrr_minor, one.mrr_minor, "", by, at)
        for contract, one in signed
    )
    trail.record_all([_signed(contract, one, by, at) for contract, one in signed])
    return contracts


def _signed(contract: Contract, one: Signing, by: Actor, at: datetime) -> trail.Event:
    told = {"mrr_minor": one.mrr_minor, "starts_on": one.starts_on, "first_invoice_paid_on": one.first_paid_on}
    return _event("contract.signed", contract, by, at, **told)


def move(
    contract: Contract,
    *,
    kind: str | None = None,
    effective_on: date,
    mrr_minor: int | None = None,
    note: str = "",
    by: Actor,
    at: datetime,
) -> MrrMovement:
    """Change the MRR to `mrr_minor` (minor units) from a day on; past days are fine, commissions follow.

    Without `kind` it is inferred: a correction of what the same day already had, else an expansion, a contraction
    or a resumption. A pause needs no amount, a resumption takes the one before the pause. Later changes keep
    their amounts. Raises InvalidMrr, OutsideService or WrongKind.
    """
    return move_all([Move(contract, effective_on, mrr_minor, kind, note)], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class Move:
    """A change of MRR; see `move`."""

    contract: Contract
    effective_on: date
    mrr_minor: int | None = None
    kind: str | None = None
    note: str = ""


def move_all(moves: Sequence[Move], *, by: Actor, at: datetime) -> list[MrrMovement]:
    """Change the MRR of contracts in few statements, each as `move` would and in this order, all of them or none."""
    contracts = _all_locked([one.contract for one in moves])
    histories = timelines(list(contracts))
    found, written, events = [], [], []
    for one in moves:
        contract = contracts[one.contract.pk]
        history = histories[contract.pk]
        change = change_of(contract, history, kind=one.kind, effective_on=one.effective_on, mrr_minor=one.mrr_minor)
        rows = _rows_of(contract, one, change, by, at)
        histories[contract.pk] = history.followed_by(*rows)
        found.append(rows[0])
        written += rows
        events.append(_moved(contract, one, change, by, at))
    insert_all(written)
    trail.record_all(events)
    return found


def _rows_of(contract: Contract, one: Move, change: Change, by: Actor, at: datetime) -> list[MrrMovement]:
    """The movement, and the one by which a later change keeps its amount."""
    shift = change.mrr_minor - change.before_minor
    rows = [_movement(contract, change.kind, one.effective_on, change.mrr_minor, shift, one.note, by, at)]
    if change.keeps is not None and shift:
        keeps = change.keeps
        words = f"Stays {format_money(keeps.mrr_minor, contract.currency)} as recorded before"
        rows.append(_movement(contract, keeps.kind, keeps.effective_on, keeps.mrr_minor, -shift, words, by, at))
    return rows


def _moved(contract: Contract, one: Move, change: Change, by: Actor, at: datetime) -> trail.Event:
    told = {
        "kind": str(MovementKind(change.kind).label),
        "effective_on": one.effective_on,
        "before_minor": change.before_minor,
        "mrr_minor": change.mrr_minor,
        "note": one.note,
    }
    return _event("contract.moved", contract, by, at, **told)


def end(contract: Contract, *, on: date, reason: str, by: Actor, at: datetime) -> Contract:
    """End service; `on` is the first day without it. A recorded end may be moved to an earlier day.

    Raises OutsideService for a day before the start, AlreadyEnded when it ends on that day or before.
    """
    contract = _locked(contract)
    if on < contract.starts_on:
        raise OutsideService(f"Service starts on {say_day(contract.starts_on)}. It cannot end before that day.")
    if contract.ends_on is not None and contract.ends_on <= on:
        raise AlreadyEnded(
            f"{contract.service_line.name} already ends: the first day without service is {say_day(contract.ends_on)}."
            " Undo that end to choose a later day."
        )
    history = timeline(contract)
    level = history.level(on)
    contract.ends_on, contract.end_reason = on, reason[:300]
    contract.save(update_fields=["ends_on", "end_reason"])
    _append(contract, MovementKind.CHURN, on, 0, -level, reason, by, at)
    for later in history.after(on):
        shift, level = level - later.mrr_minor, later.mrr_minor
        _append(
            contract, MovementKind.CHURN, later.effective_on, 0, shift, "No longer applies: service has ended", by, at
        )
    _tell(
        "contract.ended", contract, by, at, first_day_without_service_on=on, mrr_minor=history.level(on), reason=reason
    )
    return contract


def reinstate(contract: Contract, *, reason: str, by: Actor, at: datetime) -> Contract:
    """Take back an end that was recorded by mistake: the MRR goes on as before, with what was planned for later.

    Raises NotEnded, and ClientLeft while the client counts as gone.
    """
    contract = _locked(contract)
    if contract.ends_on is None:
        raise NotEnded(f"{contract.service_line.name} has no end date to undo.")
    if contract.client.state == ClientState.LEFT:
        raise ClientLeft(f"{contract.client.name} has left. Record that they came back first.")
    ended_on = contract.ends_on
    history = timeline(contract)
    contract.ends_on, contract.end_reason = None, ""
    contract.save(update_fields=["ends_on", "end_reason"])
    kind, level = _without_end(contract, ended_on)
    _append(contract, kind, ended_on, level, level, reason, by, at)
    for later in history.after(ended_on):
        before = level
        kind, level = _without_end(contract, later.effective_on)
        _append(contract, kind, later.effective_on, level, level - before, reason, by, at)
    _tell("contract.end_taken_back", contract, by, at, mrr_minor=level, reason=reason)
    return contract


def record_first_payment(contract: Contract, *, on: date | None, by: Actor, at: datetime) -> Contract:
    """Note the day on which the first invoice was paid; a later call corrects it, None takes it back. Raises NotYet."""
    return record_first_payments({contract: on}, by=by, at=at)[0]


def record_first_payments(days: Mapping[Contract, date | None], *, by: Actor, at: datetime) -> list[Contract]:
    """The same for many contracts in few statements, all of them or none."""
    msp = Msp.objects.get(pk=current_msp_id())
    contracts = _all_locked(days)
    events = []
    for pk, on in ((one.pk, on) for one, on in days.items()):
        contract = contracts[pk]
        if on is not None:
            _check_paid(on, msp, at)
        before, contract.first_paid_on = contract.first_paid_on, on
        events.append(_paid_first(contract, before, by, at))
    update_many(Contract, ["first_paid_on"], [(one.pk, one.first_paid_on) for one in contracts.values()])
    trail.record_all(events)
    return [contracts[one.pk] for one in days]


def _paid_first(contract: Contract, before: date | None, by: Actor, at: datetime) -> trail.Event:
    on = contract.first_paid_on
    if on is None:
        return _event("contract.no_invoice_paid", contract, by, at, before_on=before)
    told = {"paid_on": on, "instead_of_on": before if before != on else None}
    return _event("contract.first_invoice_paid", contract, by, at, **told)


def _locked(contract: Contract) -> Contract:
    """The contract as it is now; whoever else would change it waits."""
    return _all_locked([contract])[contract.pk]


def _all_locked(contracts: Iterable[Contract]) -> dict[UUID, Contract]:
    """The same for many, always in the same order."""
    rows = Contract.objects.select_for_update(of=("self",)).select_related("client", "service_line")
    return {one.pk: one for one in rows.filter(pk__any_of=[one.pk for one in contracts]).order_by("pk")}


def _append(
    contract: Contract, kind: str, day: date, mrr_minor: int, delta_minor: int, note: str, by: Actor, at: datetime
) -> MrrMovement:
    movement = _movement(contract, kind, day, mrr_minor, delta_minor, note, by, at)
    movement.save(force_insert=True)
    return movement


def _movement(
    contract: Contract, kind: str, day: date, mrr_minor: int, delta_minor: int, note: str, by: Actor, at: datetime
) -> MrrMovement:
    return MrrMovement(
        contract=contract,
        kind=kind,
        effective_on=day,
        mrr_minor=mrr_minor,
        delta_minor=delta_minor,
        note=note[:300],
        at=at,
        by_name=by.actor_name[:200],
    )


def _without_end(contract: Contract, day: date) -> tuple[str, int]:
    """What a day would have had without the end: the kind of its row, and the MRR."""
    rows = contract.movements.filter(effective_on__lte=day).exclude(kind=MovementKind.CHURN)
    last = rows.order_by("-effective_on", "-pk")[0]
    is_paused = last.kind == MovementKind.PAUSE
    return MovementKind.PAUSE if is_paused else MovementKind.CORRECTION, last.mrr_minor


def _tell(action: str, contract: Contract, by: Actor, at: datetime, **facts: object) -> None:
    """A contract has no page of its own: its history is its client's."""
    trail.record_all([_event(action, contract, by, at, **facts)])


def _event(action: str, contract: Contract, by: Actor, at: datetime, **facts: object) -> trail.Event:
    told = {"contract": contract.service_line.name, "currency": contract.currency, **facts}
    return trail.event(action, contract.client, by=by, at=at, **told)


def _check_paid(day: date, msp: Msp, at: datetime) -> None:
    if day > msp.today(at):
        raise NotYet(f"{say_day(day)} has not come yet. Record the payment once the money arrives.")
