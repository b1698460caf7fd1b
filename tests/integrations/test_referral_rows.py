"""Rows of introductions: who sent whom, when, how far it came, and who has the credit."""

from datetime import UTC, datetime

import pytest

from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners.models import Partner, SourceKind
from referrals import screening
from referrals.models import Channel, Credit, Finding, Referral, Stage
from tests import builders
from tests.integrations.conftest import Office

pytestmark = pytest.mark.django_db

FILE = """Company,Partner,Introduced on,Stage,In that stage since,Lost because,E-mail,Expected MRR,ID
Elm Pediatrics,Harbor & Finch CPAs,2025-03-02,Proposal,2025-04-10,,olive@elm.example,"2,400.00",R-1
Bright Law,dana@harbor.example,2025-05-18,Won,2025-06-01,,,,R-2
Corner Bakery,P-1,2025-06-30,Lost,2025-07-09,too expensive,,,R-3
Summit Realty,The Harbor & Finch CPAs LLC,2025-08-11,,,,,,R-4
"""


@pytest.fixture
def harbor(office: Office) -> Partner:
    with tenancy.use(office.msp.pk):
        return builders.a_partner("Harbor & Finch CPAs", email="dana@harbor.example", external_id="P-1")


def test_introductions_arrive_on_their_day_at_their_stage_with_the_credit(office: Office, harbor: Partner) -> None:
    batch = office.bring("referrals", FILE)
    assert batch.summary["create"] == 4, office.fates(batch)
    with tenancy.use(office.msp.pk):
        found = {referral.external_id: referral for referral in Referral.objects.all()}
        assert [found[f"R-{n}"].stage for n in (1, 2, 3, 4)] == ["proposal", "won", "lost", "registered"]
        assert {referral.partner_id for referral in found.values()} == {harbor.pk}
        elm = found["R-1"]
        assert elm.channel == Channel.IMPORT
        assert elm.registered_at == datetime(2025, 3, 2, 17, tzinfo=UTC)
        assert elm.stage_at == datetime(2025, 4, 10, 16, tzinfo=UTC)
        assert elm.expected_mrr_minor == 240_000
        assert found["R-3"].lost_reason == "price"
        assert Credit.objects.filter(basis_points=10_000).count() == 4
        assert not Message.objects.exists()


def test_the_same_file_again_changes_nothing(office: Office, harbor: Partner) -> None:
    office.bring("referrals", FILE)
    assert {fate for _, fate, _ in office.fates(office.check("referrals", FILE))} == {"duplicate"}
    without_ids = "\n".join(line.rpartition(",")[0] for line in FILE.strip().split("\n"))
    assert {fate for _, fate, _ in office.fates(office.check("referrals", without_ids))} == {"duplicate"}


def test_a_later_file_moves_an_introduction_forward_and_never_back(office: Office, harbor: Partner) -> None:
    office.bring("referrals", "Company,Partner,Stage\nElm,Harbor & Finch CPAs,Qualified\nOak,P-1,Proposal\n")
    batch = office.bring("referrals", "Company,Partner,Stage\nElm,Harbor & Finch CPAs,Proposal\nOak,P-1,Qualified\n")
    assert office.fates(batch) == [
        (2, "update", "Elm moves to Proposal."),
        (3, "duplicate", "Oak is here already, at Proposal."),
    ]
    with tenancy.use(office.msp.pk):
        assert Referral.objects.filter(stage=Stage.PROPOSAL).count() == 2


def test_a_second_introduction_after_the_first_was_lost_is_another_one(office: Office, harbor: Partner) -> None:
    text = "Company,Partner,Introduced on,Stage,Closed\nElm,P-1,2023-01-05,Lost,2023-02-01\nElm,P-1,2025-01-05,Open,\n"
    assert [fate for _, fate, _ in office.fates(office.bring("referrals", text))] == ["create", "create"]
    assert {fate for _, fate, _ in office.fates(office.check("referrals", text))} == {"duplicate"}


def test_an_unknown_partner_is_named_or_added_when_that_was_chosen(office: Office) -> None:
    text = "Company,Partner,Partner email\nElm,Nobody Known,\nOak,,new@partner.example\nFir,,\n"
    assert [reason for _, _, reason in office.fates(office.check("referrals", text))] == [
        "“Nobody Known” is not one of your partners. Import partners first, or choose to add unknown ones.",
        "“new@partner.example” is not one of your partners. Import partners first, or choose to add unknown ones.",
        "Partner is empty.",
    ]
    batch = office.bring("referrals", text, creates_partners=True, kind=SourceKind.PEER)
    assert [fate for _, fate, _ in office.fates(batch)] == ["create", "create", "error"]
    with tenancy.use(office.msp.pk):
        assert sorted(Partner.objects.values_list("name", "email", "kind")) == [
            ("Nobody Known", "", SourceKind.PEER),
            ("new@partner.example", "new@partner.example", SourceKind.PEER),
        ]


def test_partners_of_one_name_are_not_guessed_between(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Harbor CPAs"), builders.a_partner("Harbor CPAs LLC")
    batch = office.check("referrals", "Company,Partner\nElm,Harbor CPAs\n")
    assert office.rows(batch)[0].reason == ("2 of your partners match “Harbor CPAs”. Give their e-mail address or id.")


def test_the_first_registration_has_the_credit_whatever_the_order_of_the_file(office: Office, harbor: Partner) -> None:
    with tenancy.use(office.msp.pk):
        lake = builders.a_partner("Lakeside")
    office.bring(
        "referrals",
        "Company,Partner,Introduced on,E-mail\n"
        "Elm,Harbor & Finch CPAs,2025-06-01,o@elm.example\n"
        "Elm,Lakeside,2025-02-01,o@elm.example\n",
    )
    with tenancy.use(office.msp.pk):
        assert Referral.objects.count() == 2
        assert Finding.objects.get().referral.partner == harbor
        assert not Credit.objects.filter(partner=lake, referral__partner=harbor).exists()


def test_days_that_cannot_be_are_refused(office: Office, harbor: Partner) -> None:
    text = "Company,Partner,Introduced on,In that stage since\nElm,P-1,2099-01-01,\nOak,P-1,2025-03-01,2025-02-01\n"
    assert [reason for _, _, reason in office.fates(office.check("referrals", text))] == [
        "Introduced on is in the future.",
        "In that stage since is before the day of the introduction.",
    ]


def test_a_row_that_a_verb_refuses_leaves_nothing_of_itself(office: Office, harbor: Partner) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Lakeside")
    text = "Company,Partner,Stage,E-mail\nElm Dental,Lakeside,,o@elm.example\nElm Kids,P-1,Won,p@elm.example\n"
    batch = office.bring("referrals", text)
    assert office.fates(batch)[1] == (
        3,
        "error",
        "It has the web or mail domain of Elm Dental, introduced by Lakeside."
        " Log it by hand and decide there whether they are the same company.",
    )
    with tenancy.use(office.msp.pk):
        assert list(Referral.objects.values_list("company", flat=True)) == ["Elm Dental"]
        assert not Finding.objects.exists()


def test_the_check_says_which_rows_look_like_a_company_that_is_here(office: Office, harbor: Partner) -> None:
    with tenancy.use(office.msp.pk):
        client = builders.a_client(name="Elm Pediatrics")
        lake = builders.a_referral(builders.a_partner("Lakeside"), "Oak Legal", website="oak.example")
        screening.index_client(client)
        screening.index_referral(lake)
    text = "Company,Partner,Stage,Website\nElm Pediatrics,P-1,Won,\nElm Pediatrics,P-1,,\nOak,P-1,,www.oak.example\n"
    batch = office.check("referrals", text.replace("Elm Pediatrics,P-1,,", "Elm Pediatrics LLC,dana@harbor.example,,"))
    assert [(fate, reason) for _, fate, reason in office.fates(batch)] == [
        (
            "error",
            "It has the name of Elm Pediatrics, who is already a client."
            " Log it by hand and decide there whether they are the same company.",
        ),
        (
            "create",
            "It has the name of Elm Pediatrics, who is already a client. You decide on its page who has the credit.",
        ),
        (
            "create",
            "It has the web or mail domain of Oak Legal, introduced by Lakeside."
            " You decide on its page who has the credit.",
        ),
    ]


def test_two_open_rows_of_one_company_on_different_days_are_one_introduction(office: Office, harbor: Partner) -> None:
    text = "Company,Partner,Introduced on\nElm,P-1,2025-01-05\nElm,P-1,2025-03-05\n"
    batch = office.bring("referrals", text)
    assert office.fates(batch) == [(2, "create", ""), (3, "duplicate", "Elm is here already, at Registered.")]
