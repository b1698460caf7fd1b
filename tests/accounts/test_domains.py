"""A portal at the MSP's own host name: who may have it, who is let in by it, and what cannot be done with it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from elinkages.accounts import arrivals, domain_checks, domains, doors, tasks
from elinkages.accounts.models import DomainState, Msp, PortalDomain
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from partners.models import PartnerLogin
from referrals import inquiries, links
from tests import builders, queue
from tests.builders import AT, PASSWORD
from tests.loopback import Internet, internet

pytestmark = pytest.mark.django_db
HOST = "partners.acme-it.com"
BY = System("Test")
OWN = settings.SITE_URL


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


def _add(msp: Msp, host: str = HOST) -> PortalDomain:
    with tenancy.use(msp.pk):
        return domains.add(msp, host=host, by=BY, at=AT)


def _record(domain: PortalDomain, *, proved: bool, live: bool, at: Any = AT, problem: str = "") -> PortalDomain:
    with tenancy.use(domain.msp_id):
        domains.record(domain, is_proved=proved, is_live=live, problem=problem, by=BY, at=at)
    return PortalDomain.objects.get(pk=domain.pk)


def _live(msp: Msp) -> PortalDomain:
    domain = _record(_add(msp), proved=True, live=True)
    msp.refresh_from_db()
    return domain


def _login(msp: Msp) -> PartnerLogin:
    with tenancy.use(msp.pk):
        return builders.a_login(builders.a_partner("Petra Park CPA"))


# --- names


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Partners.Acme-IT.com. ", HOST),
        ("https://partners.acme-it.com/portal", HOST),
        ("partners.acme-it.com:8443", HOST),
        ("partner.müller.de", "partner.xn--mller-kva.de"),
    ],
)
def test_a_name_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert domains.normal(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", ".", "a b.com", "under_score.example.com", "-a.example.com", "a..example.com", "x" * 64 + ".ex.com",
        "partners.acme-it.com@evil.com", "[::1]", "127.0.0.1", "localhost", "com", "co.uk", "acme-it.com",
        "partners.invalid-tld-xyz", "localhost.localdomain",
    ],
)  # fmt: skip
def test_what_is_no_name_below_a_domain_is_refused(msp: Msp, typed: str) -> None:
    with pytest.raises(domains.BadHost):
        _add(msp, typed)
    assert not PortalDomain.objects.exists()


def test_our_own_name_is_not_given_away(msp: Msp, settings: Any) -> None:
    settings.SITE_URL = "https://app.elinkages.com"
    for name in ("app.elinkages.com", "x.app.elinkages.com"):
        with pytest.raises(domains.BadHost, match="ours"):
            _add(msp, name)


def test_an_msp_has_one_name_and_a_proved_one_belongs_to_the_first(msp: Msp) -> None:
    _live(msp)
    with pytest.raises(domains.OneAlready):
        _add(msp, "other.acme-it.com")
    with pytest.raises(domains.HostTaken):
        _add(builders.an_msp("Rival"))


def test_asking_for_a_name_does_not_keep_its_owner_from_proving_it(msp: Msp) -> None:
    rival = builders.an_msp("Rival")
    squatted = _add(rival)
    _live(msp)
    assert _record(squatted, proved=True, live=True).state == DomainState.WAITING
    assert PortalDomain.objects.get(pk=squatted.pk).problem.startswith("Another portal has verified this name.")
    rival.refresh_from_db()
    assert rival.portal_host == ""


def test_a_removed_name_is_kept_for_its_owner_for_a_while(msp: Msp) -> None:
    _live(msp)
    with tenancy.use(msp.pk):
        domains.remove(msp, by=BY, at=timezone.now())
    msp.refresh_from_db()
    assert msp.portal_host == ""
    rival = builders.an_msp("Rival")
    with tenancy.use(rival.pk), pytest.raises(domains.HostTaken):
        domains.add(rival, host=HOST, by=BY, at=timezone.now())
    assert _add(msp).state == DomainState.WAITING, "a new proof is asked for"
    with tenancy.use(msp.pk):
        domains.remove(msp, by=BY, at=timezone.now())
    with tenancy.use(rival.pk):
        assert domains.add(rival, host=HOST, by=BY, at=timezone.now() + timedelta(days=31)).host == HOST


def test_a_name_that_was_never_proved_is_kept_for_nobody(msp: Msp) -> None:
    """Whoever asks for somebody's name, is refused by the check, and removes it, has not taken it for a month."""
    rival = builders.an_msp("Rival")
    _record(_add(rival), proved=False, live=False)
    with tenancy.use(rival.pk):
        domains.remove(rival, by=BY, at=AT)
    assert _add(msp).host == HOST


def test_a_name_in_use_that_fails_is_left_after_three_days(msp: Msp) -> None:
    domain = _live(msp)
    assert _record(domain, proved=False, live=False, problem="Gone.").state == DomainState.LIVE
    assert _record(domain, proved=True, live=True).failing_since is None
    _record(domain, proved=False, live=False)
    assert _record(domain, proved=False, live=False, at=AT + timedelta(days=4)).state == DomainState.WAITING
    msp.refresh_from_db()
    assert msp.portal_host == ""


# --- checks


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Internet]:
    """A resolver, and a server at the MSP's own name."""
    with internet(HOST, tmp_path, monkeypatch) as found:
        settings.HTTP_ALLOW_LOOPBACK, settings.DNS_OVER_HTTPS = True, found.resolver_url
        yield found


def _check(domain: PortalDomain) -> PortalDomain:
    tasks.check_domain(msp_id=str(domain.msp_id), domain_id=str(domain.pk))
    return PortalDomain.objects.get(pk=domain.pk)


def test_a_check_goes_from_the_record_to_the_name_itself(msp: Msp, network: Internet) -> None:
    domain = _add(msp)
    network.has_txt("v=spf1 -all", "elinkages=somebody-elses")
    assert "is not there yet" in _check(domain).problem
    assert network.resolver.asked == [f"/dns-query?name=_elinkages.{HOST}&type=TXT"]
    assert network.site.asked == []
    network.has_txt(domain.record_value)
    network.is_site_up = False
    assert (_check(domain).state, _check(domain).problem[:20]) == (DomainState.PROVED, "The record is right.")
    network.is_site_up = True
    for wrong in (("not here", 404), ("somebody else's page", 200)):
        network.site.says(*wrong)
        assert "points to another server" in _check(domain).problem
    network.site.says(domain.record_value)
    assert (_check(domain).state, _check(domain).problem) == (DomainState.LIVE, "")
    assert set(network.site.asked) == {"/.well-known/elinkages-portal"}
    msp.refresh_from_db()
    assert msp.portal_host == HOST


def test_a_name_whose_certificate_is_nobodys_leads_nowhere(
    msp: Msp, network: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = _add(msp)
    network.has_txt(domain.record_value)
    network.site.says(domain.record_value)
    monkeypatch.delenv("SSL_CERT_FILE")
    checked = _check(domain)
    assert checked.state == DomainState.PROVED
    assert f"{HOST} does not point here yet" in checked.problem


@pytest.mark.parametrize(("status", "body"), [(503, ""), (200, "<html>")])
def test_a_resolver_that_is_away_changes_nothing(msp: Msp, network: Internet, status: int, body: str) -> None:
    domain = _live(msp)
    network.resolver.says(body, status)
    assert _check(domain).failing_since is None
    assert network.resolver.asked


def test_a_long_record_is_read_from_its_pieces() -> None:
    assert domain_checks._text('"elinkages=ab" "cd"') == "elinkages=abcd"
    assert domain_checks._text("elinkages=ab") == "elinkages=ab"


def test_the_sweep_looks_at_new_names_often_and_at_others_daily(
    msp: Msp, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def asked() -> list[str]:
        queue.empty()
        with django_capture_on_commit_callbacks(execute=True):
            tasks.sweep_domains()
        return [message["domain_id"] for message in queue.waiting(tasks.check_domain)]

    domain = _add(msp)
    assert asked() == [str(domain.pk)]
    PortalDomain.objects.update(checked_at=timezone.now(), added_at=timezone.now())
    assert asked() == []
    PortalDomain.objects.update(checked_at=timezone.now() - timedelta(minutes=11))
    assert asked() == [str(domain.pk)]
    _record(domain, proved=True, live=True, at=timezone.now() - timedelta(hours=2))
    assert asked() == []


# --- the door


def test_a_name_that_nobody_proved_is_a_bad_request(client: Client, msp: Msp) -> None:
    domain = _add(msp)
    for host in (HOST, "evil.example", "a b", "partners.acme-it.com@evil.example", "[::1", "", "\u00e4.de"):
        assert client.get("/", headers={"host": host}).status_code == 400
    with tenancy.use(msp.pk):
        domains.remove(msp, by=BY, at=AT)
    assert client.get("/", headers={"host": domain.host}).status_code == 400


def test_the_check_that_a_name_leads_here_is_answered_before_it_is_proved(client: Client, msp: Msp) -> None:
    domain = _add(msp)
    answer = client.get("/.well-known/elinkages-portal", headers={"host": HOST})
    assert answer.content.decode() == domain.record_value
    assert client.get("/.well-known/elinkages-portal", headers={"host": "evil.example"}).status_code == 400


def test_asking_for_a_name_does_not_keep_its_owner_from_using_it(client: Client, msp: Msp) -> None:
    """A rival who asked first would otherwise answer the check, so that the name never leads here."""
    _add(builders.an_msp("Rival"))
    domain = _record(_add(msp), proved=True, live=False)
    answer = client.get("/.well-known/elinkages-portal", headers={"host": HOST})
    assert answer.content.decode() == domain.record_value


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}.", f"{HOST}:8000"])
def test_the_portal_is_at_the_root_of_its_own_name(client: Client, msp: Msp, host: str) -> None:
    _live(msp)
    answer = client.get("/earnings/", headers={"host": host})
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{OWN}/p/acme/arrival/?to=%2Fearnings%2F&state=")
    assert HOST.upper() not in answer["Location"]


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/p/acme/earnings/", "/earnings/"),
        ("/p/acme//evil.example/", "/evil.example/"),
        ("/p/rival/", f"{OWN}/p/rival/"),
        ("/accounts/login/", f"{OWN}/accounts/login/"),
        ("/accounts/password/change/", f"{OWN}/accounts/password/change/"),
        ("/start/", "/"),
        ("/join/acme/", f"{OWN}/join/acme/"),
    ],
)
def test_what_belongs_to_our_site_is_sent_there(client: Client, msp: Msp, path: str, leads: str) -> None:
    _live(msp)
    answer = client.get(path, headers={"host": HOST})
    assert (answer.status_code, answer["Location"]) == (302, leads)


@pytest.mark.parametrize("path", ["/acme/settings/", "/ops/", "/new-msp/", "/healthz", "/metrics", "/styleguide/"])
def test_nothing_but_the_portal_is_there(client: Client, msp: Msp, path: str) -> None:
    _live(msp)
    owner = builders.a_member(msp, Role.OWNER)
    client.force_login(owner.user)
    assert client.get(path, headers={"host": HOST}).status_code == 404


def _arrive(client: Client, msp: Msp, login: PartnerLogin, path: str = "/earnings/") -> Any:
    """Open a page at the portal's name, log in at ours, and come back."""
    ours = Client()
    asked = client.get(path, headers={"host": HOST})
    ours.login(email=login.user.email, password=PASSWORD)
    departure = ours.get(asked["Location"].removeprefix(OWN))
    assert departure.status_code == 200
    ticket = departure.context["ticket"] if departure.context else _ticket(departure.content.decode())
    return ticket


def _ticket(page: str) -> str:
    return page.partition('content="0;url=')[2].partition('"')[0]


def test_people_log_in_at_our_address_and_come_back_in_a_session_of_this_name(msp: Msp) -> None:
    _live(msp)
    login, client = _login(msp), Client()
    ticket = _arrive(client, msp, login)
    assert ticket.startswith(f"http://{HOST}:8000/arrival/")
    path = ticket.partition(":8000")[2]
    arrived = client.get(path, headers={"host": HOST})
    assert (arrived.status_code, arrived["Location"]) == (302, "/earnings/")
    page = client.get("/earnings/", headers={"host": HOST})
    assert page.status_code == 200
    assert 'href="/statements/"' in page.content.decode()
    assert "/p/acme/" not in page.content.decode()
    assert client.get(path, headers={"host": HOST}).status_code == 403, "once"


def test_a_stranger_leaves_no_session_behind_at_a_portals_name(client: Client, msp: Msp) -> None:
    _live(msp)
    client.get("/earnings/", headers={"host": HOST})
    assert not Session.objects.exists()
    assert client.cookies[arrivals.COOKIE]["httponly"]


def test_two_tabs_of_one_browser_both_come_back(msp: Msp) -> None:
    _live(msp)
    login, client = _login(msp), Client()
    first, second = _arrive(client, msp, login), _arrive(client, msp, login, "/statements/")
    for ticket, leads in ((first, "/earnings/"), (second, "/statements/")):
        arrived = client.get(ticket.partition(":8000")[2], headers={"host": HOST})
        assert (arrived.status_code, arrived["Location"]) == (302, leads)


def test_a_session_of_a_portals_name_is_worth_nothing_anywhere_else(msp: Msp) -> None:
    """Whoever holds the DNS of that name can collect its cookies."""
    _live(msp)
    login, client = _login(msp), Client()
    client.get(_arrive(client, msp, login).partition(":8000")[2], headers={"host": HOST})
    assert client.get("/earnings/", headers={"host": HOST}).status_code == 200
    assert client.get("/p/acme/earnings/").status_code == 302
    assert client.get("/accounts/email/").status_code == 302
    ours = Client()
    ours.login(email=login.user.email, password=PASSWORD)
    assert ours.get("/p/acme/earnings/").status_code == 200
    assert ours.get("/earnings/", headers={"host": HOST}).status_code == 302


def test_a_ticket_is_for_the_browser_that_asked_and_for_a_minute(msp: Msp, monkeypatch: pytest.MonkeyPatch) -> None:
    _live(msp)
    login, client = _login(msp), Client()
    path = _arrive(client, msp, login).partition(":8000")[2]
    assert Client().get(path, headers={"host": HOST}).status_code == 403, "another browser"
    assert client.get(path[:-4] + "x/", headers={"host": HOST}).status_code == 403, "changed"
    monkeypatch.setattr(arrivals, "SECONDS", -1)
    assert client.get(path, headers={"host": HOST}).status_code == 403, "too old"
    monkeypatch.undo()
    PartnerLogin.objects.update(closed_at=AT)
    assert client.get(path, headers={"host": HOST}).status_code == 404, "no partner anymore"
    assert Client().get("/arrival/x/").status_code == 404, "not at our address"


def test_a_ticket_leads_nowhere_else(msp: Msp) -> None:
    user = _login(msp).user
    assert arrivals.ticket(msp, user, path="/", state="a" * 20) == "", "no name, no ticket"
    _live(msp)
    assert arrivals.ticket(msp, user, path="/", state="<script>") == ""
    for hostile in ("//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert arrivals._safe(hostile) == "/"


def test_letters_link_to_the_portals_name_while_it_is_in_use(msp: Msp) -> None:
    assert doors.absolute("portal", msp, "portal:earnings") == f"{OWN}/p/acme/earnings/"
    _live(msp)
    assert doors.absolute("portal", msp, "portal:earnings") == f"http://{HOST}:8000/earnings/"
    assert doors.absolute("dashboard", msp, "dashboard:home") == f"{OWN}/acme/"


def test_a_form_at_the_portals_name_needs_its_own_token(msp: Msp) -> None:
    _live(msp)
    login = _login(msp)
    client = Client(enforce_csrf_checks=True)
    client.get(_arrive(client, msp, login).partition(":8000")[2], headers={"host": HOST})
    wanted = {"introduction_progress": "never"}
    foreign = client.post("/profile/letters/", wanted, headers={"host": HOST, "origin": "http://evil.example"})
    assert foreign.status_code == 403
    page = client.get("/profile/letters/", headers={"host": HOST}).content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    sent = {**wanted, "csrfmiddlewaretoken": token}
    own = client.post("/profile/letters/", sent, headers={"host": HOST, "origin": f"http://{HOST}:8000"})
    assert own.status_code in (302, 422)


def test_the_pictures_of_a_page_come_from_the_portals_name(msp: Msp) -> None:
    """Our pages show no picture of another site (img-src 'self'), and our own address is one, seen from there."""
    _live(msp)
    login = _login(msp)
    with tenancy.use(msp.pk):
        inquiries.change_settings(is_on=True, intro="Hello.", consent="I agree.", by=BY, at=AT, msp=msp)
        links.make(login.partner, by=login.contact, at=AT)
    client = Client()
    client.get(_arrive(client, msp, login).partition(":8000")[2], headers={"host": HOST})
    page = client.get("/link/", headers={"host": HOST}).content.decode()
    pictures = re.findall(r'<img [^>]*src="([^"]+)"', page)
    assert pictures == ["/link/qr.svg"]
    assert client.get(pictures[0], headers={"host": HOST})["Content-Type"] == "image/svg+xml"


def test_leaving_at_the_portals_name_leads_to_where_the_login_ends(msp: Msp) -> None:
    _live(msp)
    client = Client()
    client.get(_arrive(client, msp, _login(msp)).partition(":8000")[2], headers={"host": HOST})
    left = client.post("/accounts/logout/", headers={"host": HOST})
    assert left["Location"] == f"{OWN}/accounts/logout/"
    assert client.get("/earnings/", headers={"host": HOST}).status_code == 302


# --- pages


def test_an_owner_adds_checks_and_removes_a_name(client: Client, msp: Msp) -> None:
    client.force_login(builders.a_member(msp, Role.OWNER).user)
    url = doors.url("dashboard", msp, "dashboard:domain")
    assert client.post(url, {"host": "localhost"}).status_code == 422
    assert client.post(url, {"host": HOST}).status_code == 302
    page = client.get(url).content.decode()
    domain = PortalDomain.objects.get()
    for shown in (f"_elinkages.{HOST}", domain.record_value, "localhost", "Waiting"):
        assert shown in page
    assert client.post(doors.url("dashboard", msp, "dashboard:domain-check")).status_code == 302
    _record(domain, proved=True, live=True)
    assert "In use" in client.get(url).content.decode()
    assert client.post(doors.url("dashboard", msp, "dashboard:domain-removal")).status_code == 302
    assert PortalDomain.objects.get().state == DomainState.REMOVED
    assert "Add the host name" in client.get(url).content.decode()
