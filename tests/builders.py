"""Small rows for tests: plain functions with keyword arguments, each a believable default.

Call them inside `tenancy.use(msp.pk)`, except `an_msp` and `a_user`. They write rows directly, so that a test of one
verb does not depend on all the others; scenario tests use the verbs.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

from commissions.models import Pin, Plan, PlanRule, PlanVersion, Versioning
from commissions.terms import Percent, Terms, sha256, to_json
from elinkages.accounts.factors import MFAAdapter, moves_money
from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel.match_keys import company_key
from partners import agreements, signatures
from partners.joining import pages
from partners.models import (
    AgreementVersion,
    Application,
    ApplicationState,
    Contact,
    JoinPage,
    Partner,
    PartnerLogin,
    PartnerState,
    Signature,
    SignedCopy,
    SourceKind,
)
from referrals.models import (
    Case,
    Channel,
    Claim,
    Client,
    Contract,
    Credit,
    Flag,
    FlagKind,
    FlagSide,
    MovementKind,
    MrrMovement,
    Referral,
    ReferralLink,
    ServiceLine,
    Split,
    SplitConsent,
    Stage,
    StatusLink,
)
from referrals.statuses import hashed

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_numbers = count(1)


def an_msp(name: str = "Acme IT", slug: str | None = None, **fields: Any) -> Msp:
    """An MSP in New York that pays in dollars."""
    return Msp.objects.create(name=name, slug=slug or f"{name.lower().replace(' ', '-')}-{next(_numbers)}", **fields)


def a_user(name: str = "Alice Adams", email: str | None = None, **fields: Any) -> User:
    """A person with a password and a verified address."""
    email = email or f"{name.split()[0].lower()}{next(_numbers)}@example.com"
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if user.is_staff:
        a_second_factor(user)
    return user


def a_browser(user: User) -> Browser:
    """A browser in which somebody has logged in."""
    browser = Browser()
    browser.force_login(user)
    return browser


def a_second_factor(user: User) -> Authenticator:
    """An authenticator app, whose secret is TOTP_SECRET."""
    secret = {"secret": MFAAdapter().encrypt(TOTP_SECRET)}
    found, _ = Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": secret})
    return found


def a_member(
    msp: Msp, role: str = Role.OWNER, name: str = "Alice Adams", user: User | None = None, *, factor: bool = True
) -> Membership:
    """One of the MSP's people; whoever may pay has a second factor, unless a test says otherwise."""
    member = Membership.objects.create(msp=msp, user=user or a_user(name), role=role)
    if factor and moves_money(member):
        a_second_factor(member.user)
    return member


def a_partner(name: str = "Petra Park CPA", kind: str = SourceKind.CENTRE, **fields: Any) -> Partner:
    """An active partner."""
    fields = {"state": PartnerState.ACTIVE, "created_at": AT, "joined_at": AT, **fields}
    return Partner.objects.create(name=name, name_key=company_key(name), kind=kind, **fields)


def a_login(partner: Partner, user: User | None = None) -> PartnerLogin:
    """A person of the partner who can enter the portal."""
    user = user or a_user(partner.name)
    contact = Contact.objects.create(partner=partner, name=user.name, email=user.email, created_at=AT)
    return PartnerLogin.objects.create(msp=partner.msp, user=user, partner=partner, contact=contact)


def a_join_page(by: Membership, *kinds: str) -> list[JoinPage]:
    """The join page with its first form, open for these kinds of source."""
    made = pages.set_up(by=by, at=AT)
    JoinPage.objects.filter(kind__in=kinds).update(opened_at=AT)
    return made


def an_application(name: str = "Kestrel Advisory", **fields: Any) -> Application:
    """An application of a confirmed mailbox that waits."""
    number = next(_numbers)
    fields = {"kind": SourceKind.CENTRE, "contact_name": "Kim Kestrel", "email": f"kim{number}@kestrel.test", **fields}
    application = Application.objects.create(
        name=name,
        name_key=company_key(name),
        token_hash=f"{number:064}",
        sent_at=AT,
        expires_at=AT + timedelta(days=2),
        **fields,
    )
    application.state, application.confirmed_at = ApplicationState.WAITING, AT
    application.save(update_fields=["state", "confirmed_at"])
    return application


def an_agreement(by: Membership, kind: str = "", **fields: Any) -> AgreementVersion:
    """A version in force, required, with its days of grace over since February 2020."""
    fields = {"title": "Referral partner agreement", "text": "# Trust\nWe pay what we owe.", **fields}
    fields = {"number": 1, "is_required": True, "sign_by": date(2020, 2, 1), "published_at": AT, **fields}
    digest = agreements.text_sha256(fields["title"], fields["text"])
    return AgreementVersion.objects.create(kind=kind, text_sha256=digest, published_by=by, **fields)


def a_signature(version: AgreementVersion, contact: Contact) -> Signature:
    """A person's signature with its PDF, which is not a real one."""
    signature = Signature.objects.create(
        version=version,
        partner=contact.partner,
        contact=contact,
        signer_name=contact.name,
        signed_at=AT,
        ip_address="203.0.113.7",
        text_sha256=version.text_sha256,
        terms_sha256=signatures.terms_sha256([]),
    )
    SignedCopy.objects.create(signature=signature, partner=contact.partner, content=b"%PDF", sha256="0" * 64)
    return signature


def a_referral(
    partner: Partner, company: str | None = None, shares: dict[Partner, int] | None = None, **fields: Any
) -> Referral:
    """An introduction, credited wholly to the partner unless `shares` (basis points) says otherwise."""
    company = company or f"Company {next(_numbers)}"
    fields = {"stage": Stage.REGISTERED, "registered_at": AT, "stage_at": AT, **fields}
    referral = Referral.objects.create(
        partner=partner,
        source_kind=partner.kind,
        channel=Channel.DASHBOARD,
        company=company,
        company_key=company_key(company),
        registered_by_name="Alice Adams",
        currency="USD",
        **fields,
    )
    for holder, basis_points in (shares or {partner: 10_000}).items():
        Credit.objects.create(referral=referral, partner=holder, basis_points=basis_points, created_at=AT)
    return referral


def a_case(referral: Referral, claimant: Partner, **fields: Any) -> Case:
    """A case about the referral: the sender has the credit, the claimant wants it."""
    fields = {"company": referral.company, "opened_at": AT, "opened_by_name": "Alice Adams", **fields}
    case = Case.objects.create(referral=referral, **{"due_on": date(2026, 1, 19), **fields})
    for partner in dict.fromkeys([referral.partner, claimant]):
        Claim.objects.create(
            case=case,
            partner=partner,
            is_holder=partner == referral.partner,
            statement=f"Statement of {partner}",
            claimed_at=AT,
            claimed_by_name="Alice Adams",
        )
    Referral.objects.filter(pk=referral.pk).update(review_waits=True)
    return case


def a_split(referral: Referral, shares: dict[Partner, int], **fields: Any) -> Split:
    """Proposed shares (basis points) that everybody in them was asked about."""
    fields = {"company": referral.company, "proposed_at": AT, "proposed_by_name": "Alice Adams", **fields}
    split = Split.objects.create(referral=referral, **fields)
    for partner, basis_points in shares.items():
        SplitConsent.objects.create(split=split, partner=partner, before_basis_points=0, basis_points=basis_points)
    return split


def a_link(partner: Partner, code: str | None = None, **fields: Any) -> ReferralLink:
    """A partner's open link to the referral page."""
    fields = {"made_at": AT, "made_by_name": "Alice Adams", **fields}
    return ReferralLink.objects.create(partner=partner, code=code or f"code{next(_numbers)}", **fields)


def a_status_link(referral: Referral, token: str = "", **fields: Any) -> StatusLink:
    """A link that shows where the referral stands, for 90 days from AT; `token` opens it."""
    fields = {"email": "ana@example.com", "issued_at": AT, "expires_at": AT + timedelta(days=90), **fields}
    return StatusLink.objects.create(referral=referral, token_hash=hashed(token or f"token {next(_numbers)}"), **fields)


def a_flag(referral: Referral, kind: str = FlagKind.PERSON, **fields: Any) -> Flag:
    """A sign of self-dealing that nobody released."""
    Referral.objects.filter(pk=referral.pk).update(review_waits=True)
    fields = {"side": FlagSide.PARTNER, "ours": "Petra Park", "theirs": "Petra Park", "raised_at": AT, **fields}
    return Flag.objects.create(referral=referral, kind=kind, **fields)


def a_client(referral: Referral | None = None, name: str | None = None, since_on: date = date(2026, 1, 1)) -> Client:
    """A client, won from the referral if there is one."""
    name = name or (referral.company if referral else f"Client {next(_numbers)}")
    return Client.objects.create(
        name=name, name_key=company_key(name), referral=referral, since_on=since_on, created_at=AT
    )


def a_service_line(name: str = "Managed services") -> ServiceLine:
    """The service line of that name."""
    return ServiceLine.objects.get_or_create(name=name)[0]


def a_contract(
    client: Client,
    mrr_minor: int = 100_000,
    starts_on: date = date(2026, 1, 1),
    *,
    moves: dict[date, int] | None = None,
    **fields: Any,
) -> Contract:
    """A contract with its START movement, and further MRR levels by their first day."""
    fields = {"owed_from": starts_on, "currency": "USD", "created_at": AT, **fields}
    fields = {"is_without_plan": client.referral_id is not None, **fields}
    contract = Contract.objects.create(client=client, service_line=a_service_line(), starts_on=starts_on, **fields)
    a_movement(contract, starts_on, mrr_minor, MovementKind.START)
    for day, level in (moves or {}).items():
        a_movement(contract, day, level)
    return contract


def a_movement(contract: Contract, on: date, mrr_minor: int, kind: str = MovementKind.EXPANSION) -> MrrMovement:
    """From a day on the MRR is this."""
    return MrrMovement.objects.create(
        contract=contract, kind=kind, effective_on=on, mrr_minor=mrr_minor, delta_minor=0, at=AT, by_name="Alice Adams"
    )


TEN_PERCENT = Percent(basis_points=1_000, months=12, hold_days=30)


def a_plan(
    terms: Terms = TEN_PERCENT,
    *,
    name: str | None = None,
    versioning: str = Versioning.PINNED,
    valid_from: date = date(2020, 1, 1),
    valid_until: date | None = None,
    for_everyone: bool = True,
) -> Plan:
    """A plan with one published version, applying to everyone."""
    plan = Plan.objects.create(name=name or f"Plan {next(_numbers)}", versioning=versioning, created_at=AT)
    a_version(plan, terms, valid_from, valid_until)
    if for_everyone:
        PlanRule.objects.create(plan=plan, valid_from=valid_from, created_at=AT)
    return plan


def a_version(plan: Plan, terms: Terms, valid_from: date, valid_until: date | None = None) -> PlanVersion:
    """The next version of a plan."""
    return PlanVersion.objects.create(
        plan=plan,
        number=plan.versions.count() + 1,
        terms=to_json(terms),
        terms_sha256=sha256(terms),
        valid_from=valid_from,
        valid_until=valid_until,
        published_at=AT,
    )


def a_pin(contract: Contract, plan: Plan, won_on: date | None = None) -> Pin:
    """The contract under the plan's version of the day it was won."""
    won_on = won_on or contract.starts_on
    version = plan.versions.filter(valid_from__lte=won_on).order_by("-valid_from")[0]
    return Pin.objects.create(contract=contract, plan_version=version, chosen={}, won_on=won_on, pinned_at=AT)


def a_deal(
    partner: Partner,
    terms: Terms = TEN_PERCENT,
    mrr_minor: int = 100_000,
    starts_on: date = date(2026, 1, 1),
    *,
    plan: Plan | None = None,
    shares: dict[Partner, int] | None = None,
    won_on: date | None = None,
    **contract: Any,
) -> Contract:
    """A won referral with one contract under a plan of these terms."""
    referral = a_referral(partner, stage=Stage.WON, shares=shares)
    signed = a_contract(a_client(referral), mrr_minor, starts_on, **contract)
    a_pin(signed, plan or a_plan(terms, for_everyone=False), won_on)
    return signed
