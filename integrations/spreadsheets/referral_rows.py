"""Rows of introductions: who sent whom, when, and how far it came."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from elinkages.kernel.match_keys import company_key
from integrations.models import Fate
from integrations.spreadsheets import partner_book
from integrations.spreadsheets.headers import normal
from integrations.spreadsheets.lookalikes import Likeness, Lookalikes, identity
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, Rules, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from partners.models import Partner
from referrals import pipeline, retraction
from referrals.models import OPEN_STAGES, LostReason, Referral, Stage

STAGES = {
    **{stage.value: stage for stage in Stage},
    **dict.fromkeys(("new", "open", "received", "submitted", "in progress", "pending", "contacted"), Stage.REGISTERED),
    **dict.fromkeys(("qualifying", "accepted", "discovery", "meeting", "active"), Stage.QUALIFIED),
    **dict.fromkeys(("proposed", "quoted", "quote", "quote sent", "proposal sent", "negotiation"), Stage.PROPOSAL),
    **dict.fromkeys(("closed won", "client", "signed", "converted", "customer", "sold"), Stage.WON),
    **dict.fromkeys(("closed lost", "declined", "rejected", "dead", "disqualified", "closed"), Stage.LOST),
}
REASONS = {
    **{normal(label): value for value, label in LostReason.choices},
    **{normal(value): value for value in LostReason.values},
    **dict.fromkeys(("no answer", "unresponsive", "ghosted", "no reply"), LostReason.NO_RESPONSE.value),
    **dict.fromkeys(("not a fit", "bad fit", "too small", "too big"), LostReason.NO_FIT.value),
    **dict.fromkeys(("too expensive", "budget", "cost"), LostReason.PRICE.value),
    **dict.fromkeys(("incumbent", "stayed with provider", "competitor"), LostReason.STAYED.value),
    **dict.fromkeys(("bad timing", "later", "not ready"), LostReason.TIMING.value),
}


def refine(values: Values, rules: Rules) -> list[str]:
    """Turn what a row calls stage and reason into ours; returns what is wrong."""
    problems = []
    if text := values.get("stage"):
        if stage := STAGES.get(normal(text)):
            values["stage"] = stage.value
        else:
            problems.append(f"{shown(text)} in Stage is not one of: registered, qualified, proposal, won, lost.")
    today = rules.today.isoformat()
    problems += [
        f"{label} is in the future."
        for name, label in (("registered_on", "Introduced on"), ("stage_on", "In that stage since"))
        if values.get(name, "") > today
    ]
    if values.get("stage_on", "9999") < values.get("registered_on", today):
        problems.append("In that stage since is before the day of the introduction.")
    return problems


def identities(values: Values) -> list[str]:
    """By what another row of the file would be the same introduction."""
    if external_id := values.get("external_id"):
        return [f"id:{external_id}"]
    return [f"company and partner:{subject(values)}|{values.get('registered_on', '')}"]


class Log:
    """The introductions that rows could be about, in two queries."""

    def __init__(self, many: Iterable[Values]) -> None:
        ids, keys = set(), set()
        for values in many:
            ids |= {values["external_id"]} if values.get("external_id") else set()
            keys.add(company_key(values["company"]))
        self.by_id: dict[str, Referral] = {}
        self.by_company: dict[tuple[Any, str], list[Referral]] = defaultdict(list)
        for referral in retraction.standing_by(companies=keys, external_ids=ids):
            if referral.external_id:
                self.by_id[referral.external_id] = referral
            self.by_company[referral.partner_id, referral.company_key].append(referral)

    def find(self, values: Values, partner: Partner, rules: Rules) -> Referral | None:
        """The introduction of a row, if it is here."""
        external_id = values.get("external_id", "")
        if external_id in self.by_id:
            return self.by_id[external_id]
        for referral in self.by_company[partner.pk, company_key(values["company"])]:
            has_other_id = bool(external_id and referral.external_id)
            if not has_other_id and not _is_later(values, referral, rules):
                return referral
        return None


def _is_later(values: Values, referral: Referral, rules: Rules) -> bool:
    """Whether a row tells of a second introduction, made after the first one was closed."""
    closed_on = referral.stage_at.astimezone(rules.zone).date()
    day = date.fromisoformat(values.get("registered_on", rules.today.isoformat()))
    return not referral.is_open and day > closed_on


def subject(values: Values) -> str:
    """Whom a row is about: a row about the same one is judged after the one before it was written."""
    sender = values.get("partner_email") or company_key(values.get("partner", ""))
    return f"{company_key(values.get('company', ''))}|{sender}"


def judge(many: Sequence[Values], rules: Rules) -> list[Verdict]:
    """The fate of each row, given the partners and introductions that are here."""
    book, log = partner_book.book_for(many), Log(many)
    known = Lookalikes(identity(values, values["company"]) for values in many if rules.looks_around)
    return [_judge(values, rules, book, log, known) for values in many]


def _judge(values: Values, rules: Rules, book: partner_book.PartnerBook, log: Log, known: Lookalikes) -> Verdict:
    try:
        partner = partner_book.sender(values, book)
    except partner_book.CannotTell as refusal:
        return problem(refusal.message)
    if partner is None:
        return partner_book.unknown(values, rules) or Verdict(Fate.CREATE, "The partner is added too.")
    referral = log.find(values, partner, rules)
    if referral is None:
        likeness = known.find(identity(values, values["company"]), partner) if rules.looks_around else None
        return _judge_new(values, likeness)
    if referral.partner_id != partner.pk:
        return problem(f"The id {shown(values['external_id'])} belongs to an introduction of another partner.")
    if stage := _next(referral, values):
        return Verdict(Fate.UPDATE, f"{referral.company} moves to {stage.label}.", referral.pk)
    return Verdict(
        Fate.DUPLICATE, f"{referral.company} is here already, at {referral.get_stage_display()}.", referral.pk
    )


def _judge_new(values: Values, likeness: Likeness | None) -> Verdict:
    """A new introduction; one that may be of a company we know can be won only after a person's decision."""
    if likeness is None:
        return Verdict(Fate.CREATE)
    if values.get("stage") == Stage.WON:
        return problem(f"{likeness.sentence} Log it by hand and decide there whether they are the same company.")
    decision = "whether they are the same company" if likeness.is_name_only else "who has the credit"
    return Verdict(Fate.CREATE, f"{likeness.sentence} You decide on its page {decision}."[:REASON_LENGTH])


def _next(referral: Referral, values: Values) -> Stage | None:
    """The stage that a row moves an introduction forward to; None when it is there, closed, or further."""
    stage = Stage(values.get("stage", Stage.REGISTERED))
    if not referral.is_open or stage == Stage.REGISTERED:
        return None
    if stage in OPEN_STAGES and OPEN_STAGES.index(stage) <= OPEN_STAGES.index(Stage(referral.stage)):
        return None
    return stage


def write_many(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Referral]:
    """Register or move the introductions of rows, each about another one, in few statements.

    Raises what the verbs refuse; then nothing of it may be kept.
    """
    partners = partner_book.senders_or_new(many, rules, by=by, at=at)
    log = Log(many)
    found = [log.find(values, partner, rules) for values, partner in zip(many, partners, strict=True)]
    rows = zip(found, many, partners, by, strict=True)
    new = [(values, partner, one) for referral, values, partner, one in rows if referral is None]
    registered = iter(register(new, rules, at=at) if new else [])
    referrals = [referral or next(registered) for referral in found]
    told = (_step(*row, rules, at) for row in zip(referrals, many, by, strict=True))
    if steps := [step for step in told if step is not None]:
        pipeline.advance(steps, by=by[0])
    return referrals


def register(new: Sequence[tuple[Values, Partner, Importer]], rules: Rules, *, at: datetime) -> list[Referral]:
    """Submit the introductions of rows, each on the day that its row says."""
    told = [_told(values, partner, rules, at) for values, partner, _ in new]
    referrals = pipeline.submit_history(told, by=new[0][2], at=at)
    for referral, (_, _, one) in zip(referrals, new, strict=True):
        one.made.append(referral)
    return referrals


def _told(values: Values, partner: Partner, rules: Rules, at: datetime) -> dict[str, Any]:
    names = ("contact_name", "contact_email", "contact_phone", "website", "note", "external_id")
    day = values.get("registered_on")
    return {
        "partner": partner,
        "company": values["company"],
        **{name: values.get(name, "") for name in names},
        "expected_mrr_minor": values.get("expected_mrr_minor"),
        "registered_at": rules.noon(day, not_after=at) if day else None,
        "is_closed": values.get("stage") in (Stage.WON, Stage.LOST),
    }


def _step(referral: Referral, values: Values, one: Importer, rules: Rules, at: datetime) -> pipeline.Step | None:
    """What brings an introduction to the stage that its row says; None when it stands there."""
    stage = _next(referral, values)
    if stage is None:
        return None
    one.changed["stage"] = [referral.stage, stage.value]
    moved_at = rules.noon(values["stage_on"], not_after=at) if values.get("stage_on") else at
    moved_at = max(moved_at, referral.stage_at)
    if stage != Stage.LOST:
        return pipeline.Step(referral, stage, moved_at)
    text = values.get("lost_reason", "")
    reason = REASONS.get(normal(text), LostReason.OTHER.value)
    return pipeline.Step(referral, stage, moved_at, reason, text[:300] if reason == LostReason.OTHER else "")
