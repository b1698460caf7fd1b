"""Rules that decide about applications, or say whose they are."""

from typing import Any

import pytest
from django.test import Client

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners import onboarding
from partners.joining import fields, rules
from partners.models import (
    Application,
    ApplicationState,
    FieldType,
    JoinField,
    JoinRule,
    PartnerInvitation,
    SourceKind,
)
from tests import builders
from tests.partners.joining.visits import ADVISER, AT, apply, confirm, the_application
from tests.reading import read

pytestmark = pytest.mark.django_db


def _rule(ana: Membership, **conditions: Any) -> JoinRule:
    member = conditions.pop("member", ana)
    return rules.add(**({"approves": False} | conditions), member=member, by=ana, at=AT)


def test_a_rule_approves_at_once(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        _rule(ana, email_domain="kestrel.test", approves=True)
    apply(open_page)
    assert "You are in." in confirm(msp).content.decode()
    found = the_application(msp)
    assert (found.state, found.decided_by_id) == ("approved", ana.pk)
    with tenancy.use(msp.pk):
        assert PartnerInvitation.objects.count() == 1


def test_what_may_be_a_partner_is_left_to_a_person(msp: Msp, ana: Membership, open_page: str) -> None:
    with tenancy.use(msp.pk):
        _rule(ana, approves=True)
        onboarding.add(kind="vendor", name="Kestrel Advisory", by=ana, at=AT)
    apply(open_page)
    confirm(msp)
    assert the_application(msp).state == ApplicationState.WAITING
    assert the_application(msp).note == "A rule would approve it, but it may be Kestrel Advisory: same name."


def test_a_rule_of_somebody_who_lost_the_right_decides_nothing(msp: Msp, ana: Membership, open_page: str) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        _rule(ana, approves=True, member=mara)
    Membership.objects.filter(pk=mara.pk).update(role=Role.READ_ONLY)
    apply(open_page)
    confirm(msp)
    assert "who may no longer decide about partners" in the_application(msp).note


def test_the_first_rule_that_fits_decides(msp: Msp, ana: Membership) -> None:
    mara = builders.a_member(msp, Role.MANAGER, "Mara Manager")
    with tenancy.use(msp.pk):
        builders.a_join_page(ana)
        everyone = list(SourceKind.values)
        size = fields.add(
            label="Size", type=FieldType.CHOICE, choices=["Small", "Large"], kinds=everyone, by=ana, at=AT
        )
        local = fields.add(label="Local?", type=FieldType.CHECKBOX, kinds=everyone, by=ana, at=AT)
        city = JoinField.objects.get(standard="city")
        by_kind = _rule(ana, kind=SourceKind.VENDOR)
        by_choice = _rule(ana, field=size, answer="Large", member=mara)
        by_box = _rule(ana, field=local, answer="Yes")
        by_text = _rule(ana, field=city, answer="chic")
        by_domain = _rule(ana, email_domain="@Firm.com")
        listed = rules.listed()

        def decides(**fields: Any) -> JoinRule | None:
            return rules.first_match(listed, Application(name="x", **({"email": "a@b.test"} | fields)))

        assert decides() is None
        assert decides(kind=SourceKind.VENDOR) == by_kind
        assert decides(answers=[{"field": str(size.pk), "label": "", "value": "large"}]) == by_choice
        assert decides(answers=[{"field": str(size.pk), "label": "", "value": "Larger"}]) is None
        assert decides(answers=[{"field": str(local.pk), "label": "", "value": "Yes"}]) == by_box
        assert decides(city="Greater Chicago") == by_text
        assert decides(email="a@firm.com") == by_domain
        assert decides(email="a@mail.firm.com") == by_domain
        assert decides(email="a@notfirm.com") is None
        rules.move_up(by_domain, by=ana, at=AT)
        assert [rule.pk for rule in rules.listed()][-2:] == [by_domain.pk, by_text.pk]
        rules.move_up(by_kind, by=ana, at=AT)
        assert rules.listed()[0] == by_kind


def test_rules_that_make_no_sense_are_refused(msp: Msp, ana: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = builders.a_member(msp, Role.READ_ONLY, "Rita Read")
    with tenancy.use(msp.pk):
        builders.a_join_page(ana)
        city = JoinField.objects.get(standard="city")
        size = fields.add(label="Size", type="choice", choices=["A", "B"], kinds=["vendor"], by=ana, at=AT)
        for conditions, why in (
            ({"email_domain": "not a domain"}, "after the @ sign"),
            ({"field": city}, "question and the answer"),
            ({"answer": "Chicago"}, "question and the answer"),
            ({"field": size, "answer": "C"}, "has the choices A, B"),
            ({"member": reader}, "Rita Read may not decide"),
        ):
            with pytest.raises(rules.BadRule, match=why):
                _rule(ana, **conditions)
        monkeypatch.setattr(rules, "MOST_RULES", 0)
        with pytest.raises(rules.BadRule, match=r"There can be 0 rules. Remove one first."):
            _rule(ana)
        monkeypatch.undo()
        rule = _rule(ana, field=city, answer="Chicago")
        with pytest.raises(fields.InUse, match="Remove that rule"):
            fields.remove(city, by=ana, at=AT)
        rules.remove(rule, by=ana, at=AT)
        with pytest.raises(rules.NoSuchRule):
            rules.remove(rule, by=ana, at=AT)


def test_rules_are_added_and_removed_on_the_page(msp: Msp, ana: Membership, dashboard: Client, open_page: str) -> None:
    home = f"/{msp.slug}/partners/join-page/"
    form = {"kind": ADVISER, "email_domain": "", "field": "", "answer": "", "approves": "yes", "member": str(ana.pk)}
    assert dashboard.post(f"{home}rules/new/", form)["Location"] == home
    assert dashboard.post(f"{home}rules/new/", form | {"email_domain": "?"}).status_code == 422
    html = read(dashboard, home)
    assert "When the kind is Center of influence" in html
    assert "Approve at once, in the name of Ana Ruiz" in html
    with tenancy.use(msp.pk):
        rule = JoinRule.objects.get()
    dashboard.post(f"{home}rules/{rule.pk}/move/")
    dashboard.post(f"{home}rules/{rule.pk}/removal/")
    with tenancy.use(msp.pk):
        assert not JoinRule.objects.exists()
