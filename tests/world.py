"""The cast: Acme IT with everything there is, and Rival IT beside it with the same; seeing the rival's rows is a fault.

Petra is a partner of both. Every name of the rival's carries its canary, a word that must never appear at Acme.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from commissions import accruals, facts, holds, payouts, service_credits
from commissions.facts import Document
from commissions.models import CreditApplication, Entry, PaidIn, Payout, PayoutRun, Plan, Rail
from elinkages.accounts.models import Invitation, Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.lists import saved
from elinkages.lists.models import Change, ChangeItem, Export, ExportFormat
from integrations.models import Fate, Import, ImportKind, ImportRow
from partners import agreements
from partners.models import (
    Contact,
    JoinField,
    JoinRule,
    Partner,
    PartnerInvitation,
    PartnerLogin,
    Signature,
    SourceKind,
)
from referrals.models import Client, CommonKey, Contract, Finding, Referral, Stage
from tests import builders
from tests.commissions import owing

AT = datetime(2026, 7, 1, 15, tzinfo=UTC)
TODAY = date(2026, 7, 1)


@dataclass
class House:
    """One MSP with something of every kind; `ids` are sample arguments for addresses, by their name in the URLconf."""

    msp: Msp
    canary: str
    members: dict[str, Membership]
    petra: Partner
    paul: Partner
    ids: dict[str, UUID] = field(default_factory=dict)
    portal_ids: dict[str, UUID] = field(default_factory=dict)
    pauls_ids: dict[str, UUID] = field(default_factory=dict)


@dataclass
class World:
    """Both houses, and people who belong to neither."""

    acme: House
    rival: House
    petra: User
    paul: User
    stranger: User


def build() -> World:
    """A fresh world; some forty rows an MSP."""
    petra, paul = builders.a_user("Petra Park"), builders.a_user("Paul Price")
    acme = _house("Acme IT", "Acorn", petra, paul)
    rival = _house("Rival IT", "Zanzibar", petra, builders.a_user("Rita Rowe"))
    return World(acme, rival, petra, paul, builders.a_user("Sam Stranger"))


def _house(name: str, canary: str, first: User, second: User) -> House:
    msp = builders.an_msp(name)
    members = {role: builders.a_member(msp, role, f"{canary} {role}") for role in Role.values}
    with tenancy.use(msp.pk):
        petra, paul = builders.a_partner(f"{canary} Park CPA"), builders.a_partner(f"{canary} Price Law")
        house = House(msp, canary, members, petra, paul)
        logins = builders.a_login(petra, first), builders.a_login(paul, second)
        contract = builders.a_deal(petra, starts_on=date(2026, 1, 1))
        other = builders.a_deal(paul, starts_on=date(2026, 1, 1))
        for one in (contract, other):
            Client.objects.filter(pk=one.client_id).update(name=f"{canary} Dental")
            Referral.objects.filter(clients__pk=one.client_id).update(company=f"{canary} Dental")
        accruals.accrue(today=TODAY, at=AT)
        accruals.release(today=TODAY, at=AT)
        runs = _runs(members)
        credit = _credit(petra, canary, members)
        house.ids = _ids(house, contract, runs, logins[0]) | {"credit_id": credit.pk}
        signatures = _agreement(house, logins)
        house.portal_ids = _portal_ids(petra, contract) | {"signature_id": signatures[0].pk}
        house.pauls_ids = _portal_ids(paul, other) | {"signature_id": signatures[1].pk}
    return house


def _runs(members: dict[str, Membership]) -> PayoutRun:
    owner, finance = members[Role.OWNER], members[Role.FINANCE]
    run = payouts.open_run(cutoff_on=TODAY, by=finance, at=AT).run
    run = payouts.approve(run, by=owner, at=AT)
    payouts.release(run, by=finance, at=AT)
    return run


def _credit(partner: Partner, canary: str, members: dict[str, Membership]) -> CreditApplication:
    owner, finance = members[Role.OWNER], members[Role.FINANCE]
    owing.payable(partner, 6_000, paid_in=PaidIn.CREDIT)
    run = payouts.open_run(cutoff_on=TODAY, rail=Rail.CREDIT, by=finance, at=AT).run
    payouts.release(payouts.approve(run, by=owner, at=AT), by=finance, at=AT)
    return service_credits.apply(partner, minor=4_000, reference=f"{canary} 1001", applied_on=TODAY, by=finance, at=AT)


def _ids(house: House, contract: Contract, run: PayoutRun, login: PartnerLogin) -> dict[str, UUID]:
    canary, petra, owner = house.canary, house.petra, house.members[Role.OWNER]
    open_one = builders.a_referral(petra, f"{canary} Freight", stage=Stage.PROPOSAL, protected_until=TODAY)
    twin = builders.a_referral(house.paul, f"{canary} Freight LLC")
    finding = Finding.objects.create(referral=twin, other_referral=open_one, evidence={"keys": []}, found_at=AT)
    standing = _standing(house, canary)
    hold = holds.place(house.paul, reason=f"{canary} disputed", by=owner, at=AT)
    shared = CommonKey.objects.create(
        kind="domain", key=f"{canary.lower()}.example", set_aside_at=AT, set_aside_by=owner, settled_at=AT
    )
    plan = builders.a_plan(name=f"{canary} plan")
    batch = _import(canary, owner)
    invitation = Invitation.objects.create(
        email=f"{canary.lower()}@example.com",
        role=Role.MANAGER,
        token_hash="0" * 64,
        invited_at=AT,
        invited_by=owner,
        expires_at=AT + timedelta(days=7),
    )
    contact = Contact.objects.create(partner=petra, name=f"{canary} Second", email="", created_at=AT)
    asked = PartnerInvitation.objects.create(
        contact=contact, token_hash="1" * 64, invited_at=AT, invited_by=owner, expires_at=AT + timedelta(days=7)
    )
    return {
        "partner_id": petra.pk,
        "contact_id": contact.pk,
        "partner-invitation:invitation_id": asked.pk,
        "team-invitation:invitation_id": invitation.pk,
        "member_id": house.members[Role.READ_ONLY].pk,
        "referral_id": open_one.pk,
        "finding_id": finding.pk,
        "common_key_id": shared.pk,
        "client_id": contract.client_id,
        "contract_id": contract.pk,
        "line_id": contract.service_line_id,
        "plan_id": plan.pk,
        "rule_id": _first_rule(plan),
        "run_id": run.pk,
        "payout_id": Payout.objects.filter(partner=petra, paid_in=PaidIn.MONEY).get().pk,
        "entry_id": Entry.objects.filter(partner=petra).order_by("pk")[0].pk,
        "fact_id": _invoice(contract, canary, owner),
        "hold_id": hold.pk,
        "import_id": batch.pk,
        **_joining_ids(canary, owner),
        **_list_ids(canary, owner),
        **standing,
    }


def _list_ids(canary: str, owner: Membership) -> dict[str, UUID]:
    view = saved.save(
        "referral-list", name=f"{canary} view", query="stage=all", is_shared=True, is_default=False, by=owner, at=AT
    )
    export = Export.objects.create(
        listing="referral-list",
        title=f"{canary} list",
        format=ExportFormat.CSV,
        asked_by=owner,
        asked_at=AT,
        moved_at=AT,
    )
    change = Change.objects.create(
        listing="referral-list", action="assign", label=f"{canary} change", total=1, by=owner, at=AT, moved_at=AT
    )
    ChangeItem.objects.create(change=change, number=1, target_id=view.pk, name=canary)
    return {"view_id": view.pk, "export_id": export.pk, "change_id": change.pk}


def _agreement(house: House, logins: Sequence[PartnerLogin]) -> list[Signature]:
    """A version that both signed, and the draft of the next one."""
    owner = house.members[Role.OWNER]
    version = builders.an_agreement(owner, title=f"{house.canary} agreement")
    draft = agreements.draft(
        kind="", title=f"{house.canary} next", text="Soon.", is_required=True, grace_days=30, by=owner, at=AT
    )
    signatures = [builders.a_signature(version, login.contact) for login in logins]
    house.ids |= {
        "agreement_version_id": version.pk,
        "agreement_draft_id": draft.pk,
        "signature_id": signatures[0].pk,
    }
    return signatures


def _joining_ids(canary: str, owner: Membership) -> dict[str, UUID]:
    pages = builders.a_join_page(owner, SourceKind.CENTRE)
    question = JoinField.objects.current()[6]
    question.label = f"{canary} question"
    question.save(update_fields=["label"])
    rule = JoinRule.objects.create(email_domain=f"{canary.lower()}.test", member=owner, position=0, created_at=AT)
    return {
        "join_page_id": pages[0].pk,
        "join_field_id": question.pk,
        "join_rule_id": rule.pk,
        "application_id": builders.an_application(f"{canary} Advisory").pk,
    }


def _standing(house: House, canary: str) -> dict[str, UUID]:
    """A contested introduction, a proposed split of another, a sign of self-dealing."""
    contested = builders.a_referral(house.petra, f"{canary} Brewing", protected_until=TODAY)
    split = builders.a_split(
        builders.a_referral(house.petra, f"{canary} Bakery"), {house.petra: 5_000, house.paul: 5_000}
    )
    return {
        "case_id": builders.a_case(contested, house.paul).pk,
        "split_id": split.pk,
        "consent_id": split.consents.get(partner=house.petra).pk,
        "flag_id": builders.a_flag(contested).pk,
        "link_id": builders.a_link(house.petra).pk,
        "status_link_id": builders.a_status_link(contested).pk,
    }


def _invoice(contract: Contract, canary: str, owner: Membership) -> UUID:
    document = Document(
        kind="invoice",
        source=facts.MANUAL,
        external_id=f"{canary} 1",
        number=f"{canary} 1",
        client=contract.client,
        currency="USD",
        dated_on=date(2026, 6, 1),
        lines=[facts.Line("service", 100_000, contract.service_line)],
    )
    return facts.receive_new(document, by=owner, at=AT).pk


def _first_rule(plan: Plan) -> UUID:
    return plan.rules.get().pk


def _portal_ids(partner: Partner, contract: Contract) -> dict[str, UUID]:
    assert contract.client.referral_id
    return {
        "referral_id": contract.client.referral_id,
        "entry_id": Entry.objects.filter(partner=partner).order_by("pk")[0].pk,
        "payout_id": Payout.objects.filter(partner=partner, paid_in=PaidIn.MONEY).get().pk,
        "case_id": builders.a_case(mine := builders.a_referral(partner, "Contested Mill"), partner).pk,
        "consent_id": builders.a_split(mine, {partner: 4_000}).consents.get().pk,
    }


def _import(canary: str, owner: Membership) -> Import:
    batch = Import.objects.create(
        kind=ImportKind.PARTNERS,
        file_name=f"{canary}.csv",
        content=f"Name\n{canary}\n".encode(),
        encoding="utf-8",
        delimiter=",",
        header=["Name"],
        uploaded_at=AT,
        uploaded_by=owner,
        moved_at=AT,
    )
    ImportRow.objects.create(batch=batch, number=2, cells=[canary], fate=Fate.CREATE)
    return batch
