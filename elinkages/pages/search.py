"""Finding things by what people remember of them: the beginning of a name, an address, a domain, a reference.

One query over four tables, each part through an index that row security leaves usable: equality and
prefixes of text; nothing is searched for in the middle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse

from commissions.models import Payout
from elinkages.accounts.models import Membership
from elinkages.audit.models import AuditEvent
from elinkages.kernel.match_keys import company_key, domain_key, email_key
from elinkages.pages.ui.places import address
from partners.models import Contact, Partner, SourceKind
from referrals import screening
from referrals.models import Client, KeyKind, Referral, Stage

EACH = 6
"""How many of each kind are shown; the list of the kind has the rest."""
RECENT = 8
LOOKED_BACK = 60
TEXT_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Found:
    """One line: where it leads, what it is called, and what it is."""

    url: str
    label: str
    note: str
    icon: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind."""

    label: str
    lines: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Way:
    """A page or an action that can be gone to by its name; `words` are others that people say for it."""

    name: str
    label: str
    icon: str
    right: str = "view"
    words: str = ""


WAYS = (
    Way("home", "Home", "house", words="start dashboard to-do"),
    Way("partner-list", "Partners", "users", words="sources"),
    Way("partner-new", "Add a partner", "plus", "partners.manage", "new create"),
    Way("application-list", "Applications", "inbox", words="join partners"),
    Way("join-page", "Join page", "door-open", "partners.manage", "apply form questions"),
    Way("referral-list", "Referrals", "send", words="introductions leads"),
    Way("referral-board", "Pipeline board", "columns-3", words="stages kanban"),
    Way("referral-new", "Log a referral", "plus", "referrals.manage", "new add introduction"),
    Way("client-list", "Clients", "building-2", words="customers companies mrr"),
    Way("client-new", "Add a client", "plus", "clients.manage", "new customer"),
    Way("commission-list", "Commissions", "percent", words="earned amounts entries accrued"),
    Way("plan-list", "Plans", "scroll-text", words="terms rates"),
    Way("plan-new", "New plan", "plus", "plans.manage", "add terms"),
    Way("plan-rule-list", "Who gets which plan", "list-checks", words="rules"),
    Way("payout-run-list", "Payouts", "banknote", words="runs pay open approve release"),
    Way("service-credit", "Service credit", "ticket", words="credits invoices applied income year"),
    Way("payout-list", "All payouts", "banknote", words="references bank paid statements"),
    Way("import-list", "Import", "upload", "imports.manage", "spreadsheet csv excel"),
    Way("import-new", "Import a spreadsheet", "upload", "imports.manage", "new csv excel upload"),
    Way("export-list", "Exports", "download", words="files csv excel"),
    Way("settings", "Settings", "settings", words="msp company minimum payout time zone currency"),
    Way("settings-edit", "Change settings", "settings", "settings.manage", "name zone currency minimum"),
    Way("branding", "Branding", "palette", "settings.manage", "logo color colour"),
    Way("team", "Team", "user-cog", words="people members roles invite colleagues"),
    Way("common-keys", "Shared domains and phone numbers", "unlink", words="set aside franchise matches duplicates"),
    Way("service-lines", "Service lines", "layers", words="contracts products"),
)
PAGES = {
    "partners.partner": ("partner", "users"),
    "referrals.referral": ("referral", "send"),
    "referrals.client": ("client", "building-2"),
    "commissions.payoutrun": ("payout-run", "banknote"),
    "commissions.payout": ("payout", "banknote"),
    "commissions.plan": ("plan", "scroll-text"),
    "integrations.import": ("import", "upload"),
}
"""Where what the history names has its page."""


def ways(text: str, member: Membership) -> list[Found]:
    """The pages and actions whose words begin like every word of the text, as far as this person may open them."""
    asked = text.casefold().split()
    found = []
    for way in WAYS:
        said = f"{way.label} {way.words}".casefold().replace("-", " ").split()
        if not member.may(way.right) or not all(any(word.startswith(one) for word in said) for one in asked):
            continue
        if url := address(f"dashboard:{way.name}"):
            found.append(Found(url, way.label, "", way.icon))
    return found


def recent(member: Membership) -> list[Found]:
    """What this person changed last, newest first, as far as it has a page."""
    events = AuditEvent.objects.filter(actor_id=member.pk, target_type__in=PAGES).order_by("-at")
    seen: dict[UUID, Found] = {}
    for kind, pk, name in events.values_list("target_type", "target_id", "target_name")[:LOOKED_BACK]:
        page, icon = PAGES[kind]
        if pk not in seen and len(seen) < RECENT:
            seen[pk] = Found(reverse(f"dashboard:{page}", args=[pk]), name, "", icon)
    return list(seen.values())


def find(text: str) -> list[Group]:
    """Partners, referrals, clients and payouts, in one query."""
    text = " ".join(text.split())[:TEXT_LENGTH]
    parts = list(_parts(text))
    if not parts:
        return []
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    groups: dict[str, dict[UUID, Found]] = {kind: {} for kind in _KINDS}
    for kind, pk, label, note in rows:
        name, icon, _ = _KINDS[kind]
        groups[kind].setdefault(pk, Found(reverse(f"dashboard:{name}", args=[pk]), label, _note(kind, note), icon))
    return [Group(_KINDS[kind][2], list(lines.values())[:EACH]) for kind, lines in groups.items() if lines]


_KINDS = {
    "partner": ("partner", "users", "Partners"),
    "referral": ("referral", "send", "Referrals"),
    "client": ("client", "building-2", "Clients"),
    "payout": ("payout", "banknote", "Payouts"),
}
_NOTES: dict[str, dict[str, str]] = {"partner": dict(SourceKind.choices), "referral": dict(Stage.choices)}


def _note(kind: str, note: str) -> str:
    return _NOTES[kind].get(note, note) if kind in _NOTES else note


def _parts(text: str) -> Iterable[QuerySet[Any, Any]]:
    if "@" in text:
        yield from _by_address(text.lower())
        return
    if key := company_key(text):
        yield _told(Partner.objects.filter(name_key__prefix=key).order_by("name_key"), "partner", "name", F("kind"))
        yield _told(
            Referral.objects.filter(company_key__prefix=key).order_by("company_key"), "referral", "company", F("stage")
        )
        yield _told(Client.objects.filter(name_key__prefix=key).order_by("name_key"), "client", "name", _no_note())
    if "." in text and " " not in text and (domain := domain_key(text)):
        yield from _by_key(KeyKind.DOMAIN, domain)
    if (payouts := _payouts(text)) is not None:
        yield payouts


def _by_address(text: str) -> Iterable[QuerySet[Any, Any]]:
    people = Contact.objects.current().filter(email=text)
    name = Subquery(Partner.objects.filter(pk=OuterRef("partner_id")).values("name")[:1], output_field=CharField())
    yield people.annotate(what=Value("partner", CharField()), called=name).values_list(
        "what", "partner_id", "called", F("name")
    )[:EACH]
    if key := email_key(text):
        yield from _by_key(KeyKind.EMAIL, key)


def _by_key(kind: KeyKind, key: str) -> Iterable[QuerySet[Any, Any]]:
    keys = screening.having(kind, key)
    referrals, clients = keys.filter(referral__isnull=False), keys.filter(client__isnull=False)
    what = Value("referral", CharField())
    yield referrals.annotate(what=what).values_list("what", "referral_id", "referral__company", "referral__stage")[
        :EACH
    ]
    yield clients.annotate(what=Value("client", CharField()), more=_no_note()).values_list(
        "what", "client_id", "client__name", "more"
    )[:EACH]


def _payouts(text: str) -> QuerySet[Any, Any] | None:
    number = text.upper().removeprefix("ELK-")
    if not any(letter.isdigit() for letter in text):
        return None
    wanted = Q(reference=text)
    if number.isascii() and number.isdigit() and len(number) < 10:
        wanted |= Q(number=int(number))
    label = Concat(Value("ELK-"), Cast("number", CharField()), output_field=CharField())
    found = Payout.objects.filter(wanted).order_by("-number").annotate(what=Value("payout", CharField()), called=label)
    rows: QuerySet[Any, Any] = found.values_list("what", "pk", "called", "partner__name")[:EACH]
    return rows


def _told(rows: QuerySet[Any], kind: str, name: str, note: Any) -> QuerySet[Any, Any]:
    told: QuerySet[Any, Any] = rows.annotate(what=Value(kind, CharField()), more=note).values_list(
        "what", "pk", name, "more"
    )[:EACH]
    return told


def _no_note() -> Value:
    return Value("", CharField())
