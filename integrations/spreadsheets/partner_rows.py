"""Rows of partners: who they are, whether we know them, and what is written."""

from collections.abc import Sequence
from datetime import datetime

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import update_many
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from elinkages.kernel.rounds import in_rounds
from integrations.models import Fate
from integrations.spreadsheets.headers import normal
from integrations.spreadsheets.partner_book import CannotTell, PartnerBook
from integrations.spreadsheets.rules import Importer, Rules, Status, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from partners import onboarding, people
from partners.models import Partner, PartnerState, SourceKind

KINDS = {
    **{normal(label): value for value, label in SourceKind.choices},
    **{normal(value): value for value in SourceKind.values},
    **dict.fromkeys(("customer", "existing client", "happy customer"), SourceKind.CLIENT.value),
    **dict.fromkeys(("virtual cio", "fractional cio", "cio", "consultant"), SourceKind.VCIO.value),
    **dict.fromkeys(
        (
            "coi", "accountant", "cpa", "attorney", "lawyer", "realtor", "adviser", "advisor", "broker", "banker",
            "bookkeeper", "insurance", "centre of influence", "centers of influence", "professional",
        ),
        SourceKind.CENTRE.value,
    ),
    **dict.fromkeys(("peer", "msp", "msp peer", "it company", "it firm"), SourceKind.PEER.value),
    **dict.fromkeys(("isv", "isv vendor", "supplier", "distributor", "software vendor"), SourceKind.VENDOR.value),
}  # fmt: skip
STATUSES = {
    **dict.fromkeys(("active", "yes", "y", "true", "1", "joined", "approved", "current", "enrolled"), Status.ACTIVE),
    **dict.fromkeys(("new", "prospect", "not invited yet", "not invited", "invited", "pending", "applied"), Status.NEW),
    **dict.fromkeys(("suspended", "inactive", "no", "n", "false", "0", "paused", "blocked"), Status.SUSPENDED),
    **dict.fromkeys(("left", "parted", "parted ways", "ended", "former", "closed", "archived"), Status.LEFT),
}
REASON = "Said so in the spreadsheet"
STANDING = {
    Status.ACTIVE: PartnerState.ACTIVE,
    Status.SUSPENDED: PartnerState.SUSPENDED,
    Status.LEFT: PartnerState.PARTED,
}
STARTED = (Status.ACTIVE, Status.SUSPENDED)
"""Who stands there has been active once."""


class AnotherId(Refused):
    """The partner is here under another id."""


def refine(values: Values, rules: Rules) -> list[str]:
    """Turn what a row calls kind and status into ours; returns what is wrong."""
    problems = []
    if text := values.get("kind"):
        if kind := KINDS.get(normal(text)):
            values["kind"] = kind
        else:
            problems.append(
                f"{shown(text)} in Kind of source is not one of: {', '.join(label for _, label in SourceKind.choices)}."
            )
    if text := values.get("status"):
        if status := STATUSES.get(normal(text)):
            values["status"] = status.value
        else:
            problems.append(f"{shown(text)} in Status is not one of: active, new, suspended, left.")
    if email := values.get("email"):
        values["email"] = email.lower()
    return problems


def identities(values: Values) -> list[str]:
    """By what another row of the file would be the same partner."""
    return [
        f"{name}:{text}"
        for name, text in (
            ("id", values.get("external_id")),
            ("e-mail", values.get("email")),
            ("name", company_key(values.get("name", ""))),
        )
        if text
    ]


def subject(values: Values) -> str:
    """Whom a row is about: a row about the same one is judged after the one before it was written."""
    return company_key(values.get("name", ""))


def judge(many: Sequence[Values], rules: Rules) -> list[Verdict]:
    """The fate of each row, given the partners that are here."""
    book = _book(many)
    return [_judge(values, rules, book) for values in many]


def _book(many: Sequence[Values]) -> PartnerBook:
    return PartnerBook(values.get(name, "") for values in many for name in ("external_id", "email", "name"))


def _judge(values: Values, rules: Rules, book: PartnerBook) -> Verdict:
    try:
        partner = _known(values, book)
    except (CannotTell, AnotherId) as refusal:
        return problem(refusal.message)
    if partner is None:
        if not values.get("kind") and not rules.kind:
            return problem("The kind of source is missing. Fill it, or choose one for all rows under Columns.")
        return Verdict(Fate.CREATE)
    changes = _changes(partner, values)
    words = people.spoken(changes)
    if _standing(partner, values.get("status", "")):
        words.append(f"status: {values['status']}")
    if values.get("external_id") and not partner.external_id:
        words.append("id")
    if not words:
        return Verdict(Fate.DUPLICATE, f"{partner.name} is already here, and nothing is new.", partner.pk)
    return Verdict(Fate.UPDATE, f"{partner.name}: {', '.join(words)}."[:300], partner.pk)


def _known(values: Values, book: PartnerBook) -> Partner | None:
    """The partner of a row. Raises CannotTell, or AnotherId when only the id speaks against it."""
    external_id = values.get("external_id", "")
    partner = book.find(external_id=external_id, email=values.get("email", ""), name=values["name"])
    if partner and external_id and partner.external_id not in {"", external_id}:
        raise AnotherId(
            f"{partner.name} is here already under the id {shown(partner.external_id)}, and this row says"
            f" {shown(external_id)}. Correct the id, or give them different names and addresses."
        )
    return partner


def _changes(partner: Partner, values: Values) -> dict[str, str]:
    """What an existing partner gets: filled cells that differ. Another spelling of the same name is no change."""
    changes = {
        name: values[name]
        for name in onboarding.EDITABLE
        if values.get(name) and values[name] != getattr(partner, name)
    }
    if "name" in changes and company_key(changes["name"]) == partner.name_key:
        del changes["name"]
    return changes


def _standing(partner: Partner, status: str) -> str:
    """The status that a row brings a partner to; "" when they stand there, or it would undo a decision made here."""
    target = STANDING.get(Status(status)) if status else None
    if target is None or partner.state == target or partner.state == PartnerState.PARTED:
        return ""
    return "" if partner.state == PartnerState.SUSPENDED and target == PartnerState.ACTIVE else status


def write_many(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Partner]:
    """Add the partners of rows in few statements, and change those who are here. Raises what the verbs refuse."""
    book = _book(many)
    known = [_known(values, book) for values in many]
    rows = list(zip(many, known, by, strict=True))
    added = iter(_add([(values, one) for values, partner, one in rows if partner is None], rules, at))
    here = [(partner, values, one) for values, partner, one in rows if partner is not None]
    for some in in_rounds(here, lambda row: row[0].pk):
        _change(some, at)
    return [partner or next(added) for partner in known]


def _add(new: Sequence[tuple[Values, Importer]], rules: Rules, at: datetime) -> list[Partner]:
    if not new:
        return []
    names = (*onboarding.EDITABLE, "external_id", "contact_name")
    told = [{"kind": rules.kind} | {name: values[name] for name in names if values.get(name)} for values, _ in new]
    partners = onboarding.add_all([onboarding.NewPartner(**one) for one in told], by=new[0][1], at=at)
    for partner, (_, one) in zip(partners, new, strict=True):
        one.made.append(partner)
    stand = [(one, values.get("status") or rules.status) for one, (values, _) in zip(partners, new, strict=True)]
    _bring_to(stand, by=new[0][1], at=at)
    return partners


def _change(here: Sequence[tuple[Partner, Values, Importer]], at: datetime) -> None:
    """What rows say of partners who are here, each of another one, in few statements."""
    edits, recognized, stand = [], [], []
    for partner, values, one in here:
        if changes := _changes(partner, values):
            one.changed["partner"] = {name: [getattr(partner, name), new] for name, new in changes.items()}
            edits.append(onboarding.Edit(partner, partner.owner, changes))
        if not partner.external_id and (external_id := values.get("external_id")):
            one.changed["external_id"] = partner.external_id = external_id
            recognized.append(partner)
        if status := _standing(partner, values.get("status", "")):
            one.changed["status"] = status
            stand.append((partner, status))
    by = here[0][2]
    onboarding.edit_all(edits, by=by, at=at)
    update_many(Partner, ["external_id"], [(one.pk, one.external_id) for one in recognized])
    trail.record_all([trail.event("partner.recognized", one, by=by, at=at, id=one.external_id) for one in recognized])
    _bring_to(stand, by=by, at=at)


def _bring_to(stand: Sequence[tuple[Partner, str]], *, by: Actor, at: datetime) -> None:
    new = {PartnerState.PROSPECT, PartnerState.INVITED}
    starting = [one for one, status in stand if status in STARTED and one.state in new]
    onboarding.activate_all(starting, by=by, at=at)
    if resting := [one for one, status in stand if status == Status.SUSPENDED]:
        onboarding.suspend_all(resting, reason=REASON, by=by, at=at)
    if gone := [one for one, status in stand if status == Status.LEFT]:
        onboarding.part_all(gone, reason=REASON, by=by, at=at)
