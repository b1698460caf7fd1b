"""Rows of won clients: one contract each, of a client who may be here already, perhaps introduced by a partner."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from commissions import deals, opening_balances
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_day
from integrations.models import Fate
from integrations.spreadsheets import partner_book, referral_rows
from integrations.spreadsheets.lookalikes import Lookalikes, identity
from integrations.spreadsheets.rules import Importer, Rules, Values, Verdict, problem
from integrations.spreadsheets.values import shown
from partners.models import Partner
from referrals import clients, contracts, mrr, retraction, service_lines
from referrals.models import Client, Contract, Referral, ServiceLine, Stage


class NotPossible(Refused):
    """The row does not fit to what is here."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A contract that is here, with its MRR in minor units on the day that a row speaks of."""

    contract: Contract
    mrr_minor: int


def refine(values: Values, rules: Rules) -> list[str]:
    """Fill in the service line and the day of the win; returns what is wrong."""
    problems = []
    if not values.get("service_line"):
        if rules.service_line:
            values["service_line"] = rules.service_line
        else:
            problems.append("The service line is missing. Fill it, or choose one for such rows under Columns.")
    today = rules.today.isoformat()
    if starts_on := values.get("starts_on"):
        values.setdefault("won_on", min(starts_on, today))
    problems += [
        f"{label} is in the future."
        for name, label in (("won_on", "Won on"), ("first_paid_on", "First invoice paid on"))
        if values.get(name, "") > today
    ]
    return problems


def identities(values: Values) -> list[str]:
    """By what another row of the file would be the same contract."""
    if external_id := values.get("external_id"):
        return [f"id:{external_id}"]
    line = values.get("service_line", "").casefold()
    return [f"client and service line:{company_key(values.get('client', ''))}|{line}"]


class Register:
    """The clients and contracts that rows could be about, in three queries."""

    rulebook: deals.Rulebook  # once `ask_about` was called

    def __init__(self, many: Sequence[Values]) -> None:
        ids = {values["external_id"] for values in many if values.get("external_id")}
        keys = {company_key(values["client"]) for values in many}
        self.clients: dict[str, list[Client]] = defaultdict(list)
        found = Q(name_key__any_of=keys)
        if ids:
            found |= Q(pk__in=Contract.objects.filter(external_id__any_of=ids).values("client"))
        here = retraction.standing_clients().filter(found).select_related("referral__partner")
        for client in here.order_by("created_at", "pk"):
            self.clients[client.name_key].append(client)
        owners = [client.pk for found in self.clients.values() for client in found]
        rows = Contract.objects.filter(client__any_of=owners).select_related("client__referral", "service_line")
        self.contracts: dict[UUID, list[Contract]] = defaultdict(list)
        self.by_id: dict[str, Contract] = {}
        for contract in rows.order_by("-ends_on", "pk") if owners else ():
            self.contracts[contract.client_id].append(contract)
            if contract.external_id:
                self.by_id[contract.external_id] = contract
        self.timelines = mrr.timelines([contract.pk for found in self.contracts.values() for contract in found])
        self.settled: dict[UUID, date] = {}
        self.lines = {line.name.casefold(): line for line in service_lines.in_use()}

    def ask_about(self, partners: Iterable[Partner | None]) -> None:
        """Learn the days of the opening balances of partners, and which plan each gets, in three queries."""
        introducers = [
            client.referral.partner for found in self.clients.values() for client in found if client.referral
        ]
        asked = {partner.pk: partner for partner in (*introducers, *partners) if partner is not None}
        self.settled = opening_balances.settled_until(list(asked))
        self.rulebook = deals.Rulebook(asked.values())

    def has_plan(self, values: Values, partner: Partner, kind: str) -> bool:
        """Whether a rule leads to a plan for a new contract of an introduction."""
        line = self.lines.get(values["service_line"].casefold()) or ServiceLine(pk=None, name=values["service_line"])
        return self.rulebook.choose(partner, kind, line, date.fromisoformat(values["won_on"])).version is not None

    def client(self, values: Values) -> Client | None:
        """The client of a row. Raises NotPossible when two have that name."""
        if contract := self.by_id.get(values.get("external_id", "")):
            return contract.client
        found = self.clients.get(company_key(values["client"]), [])
        if len(found) > 1:
            raise NotPossible(f"{len(found)} of your clients are called {found[0].name}. Add this contract by hand.")
        return found[0] if found else None

    def holding(self, client: Client, values: Values) -> Holding | None:
        """The contract of a row, with its MRR on the day of the change or now."""
        external_id = values.get("external_id", "")
        contract = self.by_id.get(external_id)
        if contract is None:
            same_line = (one for one in self.contracts[client.pk] if _is_line(one, values["service_line"]))
            contract = next((one for one in same_line if not (external_id and one.external_id)), None)
        if contract is None:
            return None
        timeline = self.timelines[contract.pk]
        day = date.fromisoformat(values["mrr_from"]) if values.get("mrr_from") else None
        newest = timeline.movements[-1].mrr_minor if timeline.movements else 0
        return Holding(contract, timeline.level(day) if day else newest)


def _is_line(contract: Contract, name: str) -> bool:
    return contract.service_line.name.casefold() == name.casefold()


def subject(values: Values) -> str:
    """Whom a row is about: a row about the same one is judged after the one before it was written."""
    return company_key(values.get("client", ""))


def judge(many: Sequence[Values], rules: Rules) -> list[Verdict]:
    """The fate of each row, given the clients, contracts and partners that are here."""
    book, register = partner_book.book_for(many), Register(many)
    register.ask_about(book.partners())
    known = Lookalikes(identity(values, values["client"]) for values in many if rules.looks_around)
    return [_judge(values, rules, book, register, known) for values in many]


def _judge(
    values: Values, rules: Rules, book: partner_book.PartnerBook, register: Register, known: Lookalikes
) -> Verdict:
    try:
        partner = partner_book.sender(values, book)
        client = register.client(values)
    except (partner_book.CannotTell, NotPossible) as refusal:
        return problem(refusal.message)
    line = values["service_line"]
    if line.casefold() not in register.lines and not rules.creates_service_lines:
        return problem(
            f"{shown(line)} is not a service line of yours. Add it in Settings, or choose to add unknown ones."
        )
    names_partner = _names_partner(values)
    if names_partner and partner is None and (refused := partner_book.unknown(values, rules)):
        return refused
    if refused := _counted_twice(values, client, partner, register):
        return refused
    if client is None:
        likeness = known.find(identity(values, values["client"]), partner) if names_partner else None
        if likeness:
            return problem(f"{likeness.sentence} Win it by hand, and decide there whether they are the same company.")
        if partner is None:
            return Verdict(Fate.CREATE, "The partner is added too." if names_partner else "")
        return Verdict(Fate.CREATE, _without_plan(values, register, partner, partner.kind))
    return _judge_known(values, client, partner, register, rules)


def _counted_twice(
    values: Values, client: Client | None, partner: Partner | None, register: Register
) -> Verdict | None:
    """What is wrong with a new contract that is owed from before its partner's opening balance."""
    if client is not None and client.referral is not None:
        partner = client.referral.partner
    if partner is None or (client is not None and register.holding(client, values) is not None):
        return None
    settled = register.settled.get(partner.pk)
    if settled is None or date.fromisoformat(values["owed_from"]) >= settled:
        return None
    return problem(
        f"What {partner.name} earned before {say_day(settled)} is in their opening balance."
        " Owed from is that day or a later one, or it would be counted twice."
    )


def _judge_known(values: Values, client: Client, partner: Partner | None, register: Register, rules: Rules) -> Verdict:
    """The fate of a row about a client who is here."""
    try:
        _check_introducer(values, client, partner)
    except NotPossible as refusal:
        return problem(refusal.message)
    holding = register.holding(client, values)
    if holding is None:
        further = f"A further contract of {client.name}."
        if client.referral is not None:
            note = _without_plan(values, register, client.referral.partner, client.referral.source_kind)
            further = f"{further} {note}".strip()
        return Verdict(Fate.CREATE, further, client.pk)
    if words := _news(holding, values, rules):
        return Verdict(Fate.UPDATE, f"{client.name}: {' and '.join(words)}.", client.pk)
    return Verdict(Fate.DUPLICATE, _same(holding, values, rules), client.pk)


def _without_plan(values: Values, register: Register, partner: Partner, kind: str) -> str:
    """That a contract would earn its introducer nothing; "" when it has a plan."""
    if register.has_plan(values, partner, kind):
        return ""
    return f"No plan applies to it: {partner.name} earns nothing on it until one does."


def _check_introducer(values: Values, client: Client, partner: Partner | None) -> None:
    """Raise NotPossible when a row names another partner than the one who introduced the client."""
    if not _names_partner(values):
        return
    if client.referral is None:
        raise NotPossible(f"{client.name} is already a client that nobody introduced. Leave the partner out.")
    if partner is None or client.referral.partner_id != partner.pk:
        raise NotPossible(f"{client.name} is already a client, introduced by {client.referral.partner.name}.")


def _news(holding: Holding, values: Values, rules: Rules) -> list[str]:
    """What a row changes about a contract, in words."""
    words = []
    if values.get("mrr_from") and values["mrr_minor"] != holding.mrr_minor:
        words.append(f"MRR becomes {_money(values['mrr_minor'], rules)} instead of {_money(holding.mrr_minor, rules)}")
    if values.get("first_paid_on") and holding.contract.first_paid_on is None:
        words.append("first invoice paid")
    return words


def _same(holding: Holding, values: Values, rules: Rules) -> str:
    name = f"{holding.contract.service_line.name} of {holding.contract.client.name}"
    if values["mrr_minor"] == holding.mrr_minor:
        return f"{name} is already here, and nothing is new."
    return (
        f"{name} is here already at {_money(holding.mrr_minor, rules)}. To change it to"
        f" {_money(values['mrr_minor'], rules)}, fill New MRR from with the day."
    )


def _money(minor: int, rules: Rules) -> str:
    return format_money(minor, rules.reading.currency)


def write_many(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Client]:
    """Add the clients and contracts of rows in few statements, or change their MRR. Raises what the verbs refuse."""
    partners = _partners(many, rules, by=by, at=at)
    register = Register(many)
    found: list[Client | _Sale] = []
    held: list[tuple[Holding, Values, Importer]] = []
    for values, partner, one in zip(many, partners, by, strict=True):
        client = register.client(values)
        if client is not None:
            _check_introducer(values, client, partner)
            if holding := register.holding(client, values):
                held.append((holding, values, one))
                found.append(client)
                continue
        contract = _contract(values, register, rules, by=one, at=at)
        won_on = date.fromisoformat(values["won_on"])
        found.append(_Sale(values["client"], values.get("website", ""), won_on, contract, one, partner, client))
    _change(held, at)
    sales = [one for one in found if isinstance(one, _Sale)]
    if sales:
        _sell(sales, rules, at)
    return [one.client if isinstance(one, _Sale) else one for one in found]  # type: ignore[misc]  # each sale has its client by now


@dataclass(slots=True, eq=False)
class _Sale:
    """A contract that is not here yet, with the client and the introduction that it came from once they are."""

    name: str
    website: str
    won_on: date
    contract: deals.NewContract
    by: Importer
    partner: Partner | None
    client: Client | None
    referral: Referral | None = None


def _sell(sales: Sequence[_Sale], rules: Rules, at: datetime) -> None:
    """Win, add and sign what rows say, in few statements."""
    by = sales[0].by
    new = [one for one in sales if one.client is None]
    _introduce([one for one in new if one.partner is not None], rules, at)
    wins = [(one, one.referral) for one in new if one.referral is not None and one.referral.is_open]
    for one, referral in wins:
        if referral not in one.by.made:
            one.by.changed["stage"] = [referral.stage, Stage.WON.value]
    won = [deals.Win(referral, one.name, [one.contract], one.won_on, one.website) for one, referral in wins]
    for (one, _), client in zip(wins, deals.win_all(won, by=by, at=at) if won else [], strict=True):
        one.client = client
    signed = {one.client_id: one for one in Contract.objects.filter(client__in=[one.client for one, _ in wins])}
    for one, _ in wins:
        if one.client is not None:
            one.by.made.extend([one.client, signed[one.client.pk]])
    known = [one for one in sales if one.client is not None and one.client.pk not in signed]
    unknown = [one for one in new if one.client is None]
    told = [clients.NewClient(one.name, one.contract.starts_on, one.website, one.referral) for one in unknown]
    for one, client in zip(unknown, clients.create_all(told, by=by, at=at) if told else [], strict=True):
        one.client = client
        one.by.made.append(client)
    further = [(one, one.client) for one in (*known, *unknown) if one.client is not None]
    sold = [(client, one.contract, one.won_on) for one, client in further]
    for (one, _), contract in zip(further, deals.add_all(sold, by=by, at=at) if sold else [], strict=True):
        one.by.made.append(contract)


def _partners(many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime) -> list[Partner | None]:
    """The partners that rows name, added when the rules say so; None for a row that names none."""
    named = [(values, one) for values, one in zip(many, by, strict=True) if _names_partner(values)]
    told, each = [values for values, _ in named], [one for _, one in named]
    senders = iter(partner_book.senders_or_new(told, rules, by=each, at=at))
    return [next(senders) if _names_partner(values) else None for values in many]


def _names_partner(values: Values) -> bool:
    return bool(values.get("partner") or values.get("partner_email"))


def _contract(values: Values, register: Register, rules: Rules, *, by: Importer, at: datetime) -> deals.NewContract:
    name = values["service_line"]
    line: ServiceLine | None = register.lines.get(name.casefold())
    if line is None:
        if not rules.creates_service_lines:
            raise NotPossible(f"{shown(name)} is not a service line of yours.")
        line = register.lines[name.casefold()] = service_lines.add(name, by=by, at=at)
        by.made.append(line)
    paid_on = values.get("first_paid_on")
    return deals.NewContract(
        service_line=line,
        mrr_minor=values["mrr_minor"],
        starts_on=date.fromisoformat(values["starts_on"]),
        first_paid_on=date.fromisoformat(paid_on) if paid_on else None,
        owed_from=date.fromisoformat(values["owed_from"]),
        external_id=values.get("external_id", ""),
    )


def _introduce(sales: Sequence[_Sale], rules: Rules, at: datetime) -> None:
    """The introductions that clients came from: the partner's oldest open or won one of that name, else a new one."""
    keys = {company_key(one.name) for one in sales}
    here = Referral.objects.filter(company_key__in=keys, clients__isnull=True).exclude(stage=Stage.LOST)
    found = {
        (referral.partner_id, referral.company_key): referral
        for referral in (here.select_related("partner").order_by("-registered_at") if keys else ())
    }
    new = []
    for one in sales:
        one.referral = found.get((one.partner.pk, company_key(one.name))) if one.partner else None
        if one.referral is None and one.partner is not None:
            told = {"company": one.name, "registered_on": one.won_on.isoformat(), "website": one.website}
            new.append((one, (told, one.partner, one.by)))
    made = referral_rows.register([told for _, told in new], rules, at=at) if new else []
    for (one, _), referral in zip(new, made, strict=True):
        one.referral = referral


def _change(held: Sequence[tuple[Holding, Values, Importer]], at: datetime) -> None:
    """What rows say of contracts that are here, in few statements."""
    moves: list[contracts.Move] = []
    paid: dict[Contract, date | None] = {}
    for holding, values, one in held:
        contract = holding.contract
        if (day := values.get("mrr_from")) and values["mrr_minor"] != holding.mrr_minor:
            one.changed["mrr"] = [str(contract.pk), day, holding.mrr_minor, values["mrr_minor"]]
            moved_on = date.fromisoformat(day)
            moves.append(contracts.Move(contract, moved_on, values["mrr_minor"], note="From the spreadsheet"))
        if (paid_on := values.get("first_paid_on")) and contract.first_paid_on is None and contract not in paid:
            one.changed["first_paid"] = str(contract.pk)
            paid[contract] = date.fromisoformat(paid_on)
    if moves:
        contracts.move_all(moves, by=held[0][2], at=at)
    if paid:
        contracts.record_first_payments(paid, by=held[0][2], at=at)
