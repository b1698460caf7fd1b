"""Rows of billing: lines of invoices, payments and credit notes, several rows of one document taken together.

Commissions receive documents whole (commissions/facts), so the first row of a document carries all of it and its
other rows belong to that one; when one of them cannot be read, none of the document is imported.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from commissions import facts
from commissions.models import BillingFact, FactKind, LineKind
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from integrations.models import Fate
from integrations.spreadsheets.headers import normal
from integrations.spreadsheets.rules import Importer, Rules, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from referrals import retraction, service_lines
from referrals.models import Client, ServiceLine

if TYPE_CHECKING:
    from integrations.spreadsheets.rows import Draft

LINE_KINDS: Final = {
    **{normal(label): value for value, label in LineKind.choices},
    **{normal(value): value for value in LineKind.values},
    **dict.fromkeys(("recurring", "managed services", "agreement", "subscription", "mrr"), LineKind.SERVICE.value),
    **dict.fromkeys(("project", "labor", "labour", "time", "onboarding", "one off"), LineKind.ONE_TIME.value),
    **dict.fromkeys(("license", "licenses", "software", "licence", "licences"), LineKind.PASS_THROUGH.value),
    **dict.fromkeys(("equipment", "product", "goods"), LineKind.HARDWARE.value),
    **dict.fromkeys(("fee", "interest", "finance charge"), LineKind.LATE_FEE.value),
    **dict.fromkeys(("vat", "gst", "sales tax"), LineKind.TAX.value),
}
PAYMENT_KINDS: Final = {
    **dict.fromkeys(("payment", "invoice payment", "receipt", "paid"), FactKind.PAYMENT.value),
    **dict.fromkeys(("refund", "chargeback", "refund or chargeback", "reversal", "returned"), FactKind.REFUND.value),
}
OF_A_LINE: Final = ("minor", "service_line", "line_kind", "description", "service_from", "service_through", "invoice")


class NotFound(Refused):
    """The client or the service line of a row is not here."""


@dataclass(frozen=True, slots=True)
class Documents:
    """How one kind of billing document is read, judged and received."""

    kind: str
    kinds: dict[str, str]
    """What a row may call its kind; empty where rows have none."""

    def refine(self, values: Values, rules: Rules) -> list[str]:
        """Turn what a row calls its kind into ours; returns what is wrong."""
        problems = []
        if text := values.get("line_kind"):
            if kind := self.kinds.get(normal(text)):
                values["line_kind"] = kind
            else:
                problems.append(f"{shown(text)} in Kind is not one of: {', '.join(self._named())}.")
        if self.kind != FactKind.INVOICE and values.get("dated_on", "") > rules.today.isoformat():
            problems.append("The day is in the future. Bring it when the money is there.")
        if values.get("service_through", "9999") < values.get("service_from", ""):
            problems.append("Service through is before Service from.")
        if values.get("service_through") and not values.get("service_from"):
            problems.append("Service from is empty, and Service through is not.")
        if self.kind != FactKind.INVOICE and values.get("minor") == 0:
            problems.append("Amount is zero.")
        if "minor" in values and not values.get("document"):
            parts = (values.get("invoice"), values.get("dated_on"), values.get("minor"))
            values["document"] = "/".join(map(str, parts))[:120]
            values["is_unnamed"] = True
        return problems

    def identities(self, values: Values) -> list[str]:
        """Two rows of one document are two parts of it, never twins."""
        return []

    def subject(self, values: Values) -> str:
        """Whom a row is about."""
        return f"{values.get('line_kind', '')}:{values.get('document', '')}"

    def gather(self, drafts: Sequence["Draft"]) -> None:
        """Put the rows of one document together in its first one; a document with a row that is wrong is wrong."""
        documents: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            if draft.values.get("document"):
                documents[self._key(draft.values)].append(draft)
        for rows in documents.values():
            _refuse_contradictions(rows)
            _refuse_look_alikes(rows)
            if wrong := next((row for row in rows if row.problems), None):
                for row in rows:
                    if not row.problems:
                        row.problems.append(f"Row {wrong.number:,} of the same document cannot be imported.")
                continue
            lead = rows[0]
            lines = [{name: row.values[name] for name in OF_A_LINE if name in row.values} for row in rows]
            for row in rows[1:]:
                row.values, row.part_of = {"lead": lead.number}, lead.number
            lead.values["lines"] = lines

    def judge(self, many: Sequence[Values], rules: Rules) -> list[Verdict]:
        """The fate of each document, given the clients, contracts and documents that are here."""
        register = _Register(many)
        found: list[facts.Document | Verdict] = []
        for values in many:
            try:
                found.append(self._document(values, rules, register))
            except NotFound as refusal:
                found.append(problem(refusal.message))
        documents = [one for one in found if isinstance(one, facts.Document)]
        compared = iter(facts.compare(documents, today=rules.today))
        invoices = _invoices_of(documents)
        return [one if isinstance(one, Verdict) else _verdict(one, next(compared), invoices) for one in found]

    def write_many(self, many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Client]:
        """Hand the documents of rows to the one door for billing facts, all or none. Raises what it refuses."""
        register = _Register(many)
        documents = [self._document(values, rules, register) for values in many]
        received = facts.receive(documents, by=by[0], at=at)
        new = {(one.kind, one.external_id): one for one in received.new}
        changed = {(one.kind, one.external_id): one for one in received.changed}
        for document, one in zip(documents, by, strict=True):
            key = (document.kind, document.external_id)
            if key in new:
                one.made.append(new[key])
            elif key in changed:
                one.changed["document"] = str(changed[key].pk)
        return [document.client for document in documents]

    def _key(self, values: Values) -> str:
        return f"{self._kind(values)}:{values['document']}"

    def _kind(self, values: Values) -> str:
        return values.get("line_kind") or self.kind if self.kind == FactKind.PAYMENT else self.kind

    def _named(self) -> list[str]:
        if self.kind == FactKind.PAYMENT:
            return ["payment", "refund"]
        return [label.lower() for _, label in LineKind.choices]

    def _document(self, values: Values, rules: Rules, register: "_Register") -> facts.Document:
        client = register.client(values["client"])
        is_invoice = self.kind == FactKind.INVOICE
        parts: list[dict[str, Any]] = values["lines"]
        applied: dict[str, int] = defaultdict(int)
        for part in () if is_invoice else parts:
            applied[part["invoice"]] += part["minor"]
        return facts.Document(
            kind=self._kind(values),
            source=facts.SPREADSHEET,
            external_id=values["document"],
            client=client,
            dated_on=date.fromisoformat(values["dated_on"]),
            currency=rules.reading.currency,
            number=values["document"][:60],
            lines=[register.line(part) for part in parts] if is_invoice else (),
            applied=[facts.Applied(invoice, minor) for invoice, minor in applied.items()],
            note="From the spreadsheet",
        )


INVOICES: Final = Documents(FactKind.INVOICE, LINE_KINDS)
PAYMENTS: Final = Documents(FactKind.PAYMENT, PAYMENT_KINDS)
CREDITS: Final = Documents(FactKind.CREDIT_NOTE, {})


class _Register:
    """The clients and service lines that rows name, in two queries."""

    def __init__(self, many: Iterable[Values]) -> None:
        names = {values["client"] for values in many}
        keys = {company_key(name) for name in names}
        self.clients: dict[str, dict[Any, Client]] = defaultdict(dict)
        matches = Q(name_key__in=keys) | Q(external_id__in=names) | Q(contracts__external_id__in=names)
        found = retraction.standing_clients().filter(matches).prefetch_related("contracts").distinct()
        for client in found:
            self.clients[client.name_key][client.pk] = client
            for external_id in {client.external_id, *(one.external_id for one in client.contracts.all())} - {""}:
                self.clients[f"id:{external_id}"][client.pk] = client
        self.lines: dict[str, ServiceLine] = {line.name.casefold(): line for line in service_lines.in_use()}

    def client(self, name: str) -> Client:
        """The client of that id or name. Raises NotFound."""
        found = self.clients.get(f"id:{name}") or self.clients.get(company_key(name)) or {}
        if len(found) > 1:
            raise NotFound(f"{len(found)} of your clients match {shown(name)}. Give the id of one of their contracts.")
        if not found:
            raise NotFound(f"{shown(name)} is not one of your clients. Import won clients first.")
        return next(iter(found.values()))

    def line(self, part: dict[str, Any]) -> facts.Line:
        """One line of an invoice. Raises NotFound for a service line that is not here."""
        name = part.get("service_line", "")
        service_line = self.lines.get(name.casefold())
        if name and service_line is None:
            raise NotFound(f"{shown(name)} is not a service line of yours. Add it in Settings first.")
        first, last = part.get("service_from"), part.get("service_through")
        return facts.Line(
            part.get("line_kind", LineKind.SERVICE.value),
            part["minor"],
            service_line,
            description=part.get("description", ""),
            service_from=date.fromisoformat(first) if first else None,
            service_until=date.fromisoformat(last) + timedelta(days=1) if last else None,
        )


def _refuse_contradictions(rows: Sequence["Draft"]) -> None:
    """Rows of one document that name another client or day than its first one."""
    lead = rows[0]
    for row in rows[1:]:
        for name, label in (("client", "client"), ("dated_on", "day")):
            if row.values.get(name) != lead.values.get(name) and not row.problems:
                row.problems.append(f"Row {lead.number:,} has another {label} for the same document.")


def _refuse_look_alikes(rows: Sequence["Draft"]) -> None:
    """Payments without an id that say the same: one payment twice in the file, or two of them? Nobody can tell."""
    for row in rows[1:]:
        if row.values.get("is_unnamed") and not row.problems:
            row.problems.append(f"It says the same as row {rows[0].number:,}. Give both an id if there are two.")


def _invoices_of(documents: Sequence[facts.Document]) -> set[str]:
    names = {part.invoice for one in documents for part in one.applied}
    known = BillingFact.objects.filter(
        source=facts.SPREADSHEET, kind=FactKind.INVOICE, external_id__in=names, is_current=True
    )
    return set(known.values_list("external_id", flat=True)) if names else set()


def _verdict(one: facts.Document, compared: str | Refused, invoices: set[str]) -> Verdict:
    name = f"{FactKind(one.kind).label} {one.number}"
    if isinstance(compared, Refused):
        return problem(compared.message)
    if compared == facts.SAME:
        return Verdict(Fate.DUPLICATE, f"{name} is already here, and nothing is new.", one.client.pk)
    if compared == facts.CHANGED:
        return Verdict(Fate.UPDATE, f"{name} changes; what was said before stays on record.", one.client.pk)
    if facts.bills_nobody(one):
        told = "A line bills no contract that is here, so it earns nobody anything."
        return Verdict(Fate.CREATE, told, one.client.pk)
    missing = [part.invoice for part in one.applied if part.invoice not in invoices]
    told = f"Invoice {missing[0]} is not here yet; it counts once it is." if missing else ""
    return Verdict(Fate.CREATE, told, one.client.pk)
