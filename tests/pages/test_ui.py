"""The tags of the interface, each through a template as a page uses it."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse
from django.template import Engine, engines
from django.test import RequestFactory
from django.urls import NoReverseMatch, get_script_prefix, include, path, set_script_prefix, set_urlconf
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from lucide import IconDoesNotExist

from elinkages.pages.templatetags.ui import layout
from elinkages.pages.ui.problems import problems


def _view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


_dashboard = [
    path("", _view, name="home"),
    path("partners/", _view, name="partner-list"),
    path("partners/new/", _view, name="partner-new"),
    path("search/", _view, name="search"),
]
urlpatterns = [path("", include((_dashboard, "dashboard")))]

MSP = SimpleNamespace(name="Northwind IT", zone=ZoneInfo("America/New_York"), currency="USD", slug="northwind")


def render(source: str, request: HttpRequest | None = None, **context: Any) -> str:
    return engines["django"].from_string(source).render(context, request).strip()


class Application(forms.Form):
    email = forms.EmailField(help_text="We write to it.")
    share = forms.DecimalField()
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    starts_on = forms.DateField(widget=forms.DateInput)
    note = forms.CharField(required=False)
    token = forms.CharField(widget=forms.HiddenInput)


# --- figures


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ('{% money 123456 "USD" %}', '<span class="money">$1,234.56</span>'),
        ('{% money 0 "USD" %}', '<span class="money">$0.00</span>'),
        ('{% money 0 "USD" dash=True %}', '<span class="money none">–</span>'),
        ('{% money -850 "USD" %}', '<span class="money negative">−$8.50</span>'),
        ('{% money 123456 "USD" bare=True %}', '<span class="money">1,234.56</span>'),
        ('{% money 5000 "JPY" bare=True %}', '<span class="money">5,000</span>'),
        ('{% money None "USD" %}', '<span class="money none">–</span>'),
        ("{% percent 1250 %}", "12.5%"),
        ("{% percent 1000 %}", "10%"),
    ],
)
def test_an_amount_is_written_as_in_a_statement(call: str, text: str) -> None:
    assert render(call) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1, seconds=5), "1 minute ago"),
        (timedelta(minutes=-5, seconds=-5), "in 5 minutes"),
        (timedelta(hours=3, minutes=5), "3 hours ago"),
        (timedelta(days=5), "5 days ago"),
        (timedelta(days=21), "3 weeks ago"),
        (timedelta(days=100), "3 months ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(days=-30), "in 4 weeks"),
    ],
)
def test_an_instant_says_its_day_and_how_long_ago(ago: timedelta, text: str) -> None:
    assert f"<span>{text}</span>" in render("{% when moment %}", moment=timezone.now() - ago)


def test_an_instant_is_read_in_the_zone_of_the_msp_and_exact_on_hover() -> None:
    html = render("{% when moment %}", moment=datetime(2026, 3, 1, 3, 30, tzinfo=UTC), msp=MSP)
    assert 'title="Feb 28, 2026, 10:30 PM EST"' in html
    assert "Mar 1, 2026" in render("{% day moment %}", moment=datetime(2026, 3, 1, 3, 30, tzinfo=UTC))
    assert "Feb 28, 2026" in render("{% day moment %}", moment=datetime(2026, 3, 1, 3, 30, tzinfo=UTC), msp=MSP)


def test_a_day_and_a_month_are_written_out_and_nothing_is_a_dash() -> None:
    assert render("{% day at %}", at=date(2026, 11, 3)) == '<time class="day" datetime="2026-11-03">Nov 3, 2026</time>'
    assert render("{% month at %}", at=date(2026, 11, 3)) == '<time class="day" datetime="2026-11">November 2026</time>'
    assert render("{% day at %}{% when at %}{% month at %}", at=None) == '<span class="none">–</span>' * 3
    assert render("{{ many|count }}{{ none|count }}", many=1204, none=0) == '1,204<span class="none">–</span>'


# --- badges and icons


def test_a_badge_escapes_its_label_and_takes_no_unknown_tone() -> None:
    assert render('{% badge label "good" %}', label="<b>") == '<span class="badge good">&lt;b&gt;</span>'
    assert render('{% badge "Odd" "sparkling" %}') == '<span class="badge neutral">Odd</span>'


def test_a_source_has_a_shape_and_a_name_beside_its_hue() -> None:
    html = render('{% source_badge "centre_of_influence" %}')
    assert "source-influence" in html
    assert "<svg" in html
    assert "Center of influence" in html
    assert "Something new" in render('{% source_badge "something_new" %}')


def test_an_icon_is_silent_unless_it_has_a_label_and_must_exist() -> None:
    assert 'aria-hidden="true"' in render('{% icon "users" %}')
    assert 'role="img" aria-label="Partners"' in render('{% icon "users" "Partners" %}')
    with pytest.raises(IconDoesNotExist):
        render('{% icon "no-such-icon" %}')


def test_what_stands_in_the_template_is_drawn_once_and_what_a_page_brings_is_escaped_each_time() -> None:
    nodes = Engine.get_default().from_string('{% icon "users" %}{% badge label %}').nodelist
    assert [type(node).__name__ for node in nodes] == ["TextNode", "SimpleNode"]
    assert "&lt;b&gt;" in render("{% badge label %}", label="<b>")
    assert "Paid</span>" in render('{% badge "Paid" as done %}{{ done }}')


def test_the_address_of_a_page_is_behind_the_door_of_each_reader() -> None:
    found, before = [], get_script_prefix()
    try:
        set_urlconf("elinkages.urls.dashboard")
        for slug in ("acme", "northwind"):
            set_script_prefix(f"/{slug}/")
            found.append(render("{% url 'dashboard:partner-list' %}"))
        with pytest.raises(NoReverseMatch):
            render("{% url 'dashboard:no-such-page' %}")
    finally:
        set_urlconf(None)
        set_script_prefix(before)
    assert found == ["/acme/partners/", "/northwind/partners/"]


# --- forms


def _wrong() -> Application:
    form = Application({"email": "dana@", "share": "ten", "starts_on": "2026-01-31"})
    form.add_error(None, "This partner has an agreement already.")
    return form


def test_a_field_has_its_label_above_and_its_help_and_error_tied_to_the_control() -> None:
    html = render("{% field form.email %}", form=_wrong())
    assert html.index("<label") < html.index("<input") < html.index('id="id_email_error"')
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="dana@"' in html


def test_what_was_typed_survives_even_where_a_number_or_a_date_was_meant() -> None:
    share = render("{% field form.share %}", form=_wrong())
    assert 'type="text"' in share
    assert 'value="ten"' in share
    assert 'type="date"' in render("{% field form.starts_on %}", form=_wrong())
    assert 'value="2026-01-31"' in render("{% field form.starts_on %}", form=_wrong())


def test_a_choice_of_one_is_a_group_with_a_legend_and_a_hidden_field_is_bare() -> None:
    assert "<legend>Kind" in render("{% field form.kind %}", form=_wrong())
    assert render("{% field form.token %}", form=_wrong()).startswith('<input type="hidden"')
    assert "optional" in render("{% field form.note %}", form=Application())


def test_the_summary_of_errors_leads_to_each_control() -> None:
    html = render("{% errors form %}", form=_wrong())
    assert 'role="alert"' in html
    assert '<a href="#id_email">“Email” is not an e-mail address. Write it like name@example.com.</a>' in html
    assert '<a href="#id_kind_0">“Kind” is empty. Choose one.</a>' in html
    assert "This partner has an agreement already." in html
    assert "#id_token" not in html
    assert render("{% errors form %}", form=Application()) == ""


class Everything(forms.Form):
    """A field of every sort that Django complains about without a name."""

    name = forms.CharField(label="Name", min_length=3, max_length=5)
    share = forms.IntegerField(label="Share", min_value=1, max_value=99)
    email = forms.EmailField(label="E-mail")
    site = forms.URLField(label="Website", assume_scheme="https")
    starts_on = forms.DateField(label="First day")
    at = forms.TimeField(label="Time")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A")])
    lines = forms.MultipleChoiceField(label="Lines", choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
    paper = forms.FileField(label="Paper")
    agrees = forms.BooleanField(label="I agree")
    reason = forms.CharField(label="Reason", error_messages={"required": "Say why."})


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "“Name” is empty. Fill it in."),
        ("name", "Jo", "“Name” has 2 characters, and needs at least 3."),
        ("name", "Joanna", "“Name” has 6 characters, and 5 fit. Shorten it."),
        ("share", "ten", "“Share” is not a number. Write it in digits."),
        ("share", "0", "“Share” is 1 at least."),
        ("share", "100", "“Share” can be 99 at most."),
        ("email", "dana@", "“E-mail” is not an e-mail address. Write it like name@example.com."),
        ("site", "not a site", "“Website” is not a web address. Write it like example.com."),
        ("starts_on", "", "“First day” is empty. Choose a day."),
        ("starts_on", "someday", "“First day” is not a day that we can read. Write it like 2026-12-31."),
        ("at", "noon", "“Time” cannot be read."),
        ("kind", "", "“Kind” is empty. Choose one."),
        ("kind", "z", "What was chosen for “Kind” is not on offer. Choose again."),
        ("lines", "", "“Lines” is empty. Choose at least one."),
        ("paper", "", "“Paper” is empty. Choose a file."),
        ("agrees", "", "Tick “I agree”."),
        ("reason", "", "Say why."),
    ],
)
def test_a_sentence_about_a_field_names_it_unless_the_form_has_its_own(field: str, typed: str, sentence: str) -> None:
    form = Everything({field: typed} if typed else {})
    assert problems(form[field]) == [sentence]
    assert sentence in render("{% field field %}", field=form[field])


def test_a_file_that_was_sent_in_vain_is_asked_for_again() -> None:
    sent: MultiValueDict[str, UploadedFile[Any]] = MultiValueDict({"paper": [SimpleUploadedFile("list.csv", b"a,b")]})
    assert "only the file must be chosen once more" in render("{% errors form %}", form=Everything({}, sent))
    assert "only the file" not in render("{% errors form %}", form=Everything({}))


def test_two_copies_of_a_form_have_two_ids_of_submission() -> None:
    assert render("{% once %}").startswith('<input type="hidden" name="_once" value="')
    assert render("{% once %}") != render("{% once %}")


def test_a_submit_button_says_its_verb_and_is_pressed_once() -> None:
    html = render('{% submit "Approve 14 payouts, $8,214.55" %}')
    assert html.startswith("<submit-once><button")
    assert "Approve 14 payouts, $8,214.55" in html
    assert 'name="then" value="add"' in render('{% submit "Save" "quiet" "then" "add" %}')


# --- panels


def test_a_figure_links_to_what_it_is_made_of() -> None:
    html = render('{% stat "Payable" value=total note="3 partners" href="/payouts/" %}', total="$1,200.00")
    assert '<a href="/payouts/">Payable</a>' in html
    assert "$1,200.00" in html
    assert "3 partners" in html


def test_an_empty_list_says_what_will_be_here_and_gives_the_button_that_fills_it() -> None:
    html = render('{% empty "users" "No partners yet" "They send clients." href="/new/" label="Add a partner" %}')
    assert "No partners yet" in html
    assert '<a class="button primary" href="/new/">Add a partner</a>' in html


def test_a_pager_shows_only_the_ways_there_are() -> None:
    page = SimpleNamespace(previous_url="", next_url="?after=x")
    assert 'rel="next"' in render("{% pager page %}", page=page)
    assert 'rel="prev"' not in render("{% pager page %}", page=page)
    assert render("{% pager page %}", page=SimpleNamespace(previous_url="", next_url="")) == ""


def test_a_progress_bar_has_counts_and_one_without_an_end_does_not_claim_one() -> None:
    assert '<progress max="2600" value="1840">' in render('{% progress 1840 2600 "Rows" "rows" %}')
    assert "1,840 of 2,600 rows" in render('{% progress 1840 2600 "Rows" "rows" %}')
    assert "<progress></progress>" in render('{% progress 12 0 "Rows" %}')


def test_a_history_tells_facts_in_words_and_keeps_ids_to_itself() -> None:
    event = SimpleNamespace(
        at=timezone.now(),
        action="payout_run.looked_at",
        actor_name="Sam Okafor",
        facts={
            "total_minor": 821455,
            "share_basis_points": 1000,
            "due_on": "2026-12-01",
            "payouts": 14,
            "reason": "Checked twice.",
        }
        | {"run": "0193a1b2-0000-7000-8000-000000000000", "new_status": "in_review", "currency": "USD"},
    )
    html = render("{% history events %}", events=[event], msp=MSP)
    assert "Payout run looked at" in html
    assert "Sam Okafor" in html
    assert "total: $8,214.55; share: 10%; due: Dec 1, 2026; payouts: 14; Checked twice.; new status: in review" in html
    assert "0193a1b2" not in html
    assert "Nothing has happened yet." in render("{% history events %}", events=[])


# --- the frame


@pytest.fixture
def rail_request(settings: Any) -> HttpRequest:
    settings.ROOT_URLCONF = __name__
    return RequestFactory().get("/partners/new/")


def test_the_rail_marks_where_the_reader_is_and_hides_what_this_door_does_not_have(rail_request: HttpRequest) -> None:
    html = render("{% rail %}", rail_request)
    assert '<a href="/partners/" aria-current="true">' in html
    assert '<a href="/">' in html
    assert "Payouts" not in html


def test_a_title_is_written_once_and_shown_in_the_tab_and_on_the_page(rail_request: HttpRequest) -> None:
    title = "{% block title %}Partners & more{% endblock %}"
    source = f'{{% extends "layouts/dashboard.html" %}}{title}{{% block content %}}<p>Here</p>{{% endblock %}}'
    html = render(source, rail_request, msp=MSP)
    assert "<title>Partners & more" in html
    assert "<h1>Partners & more</h1>" in html
    assert '<a class="skip" href="#main">' in html
    assert '<main id="main"' in html
    assert '"allowEval":false' in html


def test_a_title_of_an_amount_and_a_month_is_plain_in_the_tab(rail_request: HttpRequest) -> None:
    title = '{% block title %}{% money 30000 "USD" %} of {{ who }}, {% month earned %}{% endblock %}'
    source = f'{{% extends "layouts/dashboard.html" %}}{title}'
    html = render(source, rail_request, msp=MSP, who="Park & <Ledger>", earned=date(2026, 10, 1))
    assert "<title>$300.00 of Park &amp; &lt;Ledger&gt;, October 2026 · " in html
    assert '<h1><span class="money">$300.00</span> of' in html


@pytest.mark.parametrize(
    ("cookie", "shown"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("'><b>", '<html lang="en">')]
)
def test_the_theme_comes_from_the_cookie_and_only_if_it_is_one(
    rail_request: HttpRequest, cookie: str, shown: str
) -> None:
    rail_request.COOKIES["theme"] = cookie
    assert shown in render('{% extends "layouts/plain.html" %}', rail_request)


def test_every_script_carries_the_nonce_of_its_response() -> None:
    html = render("{% scripts %}", csp_nonce="n0nce")
    assert html.count("<script") == html.count('nonce="n0nce"') == 2
    assert '"elinkages/toast-list": "/static/js/toast-list' in html


def test_the_layers_are_linked_before_everything_that_is_in_them() -> None:
    links = render("{% styles %}").splitlines()
    assert "_layers" in links[0]
    assert "_tokens" in links[1]


def test_a_page_for_every_door_stands_in_the_frame_of_its_reader() -> None:
    assert layout(SimpleNamespace(member=object())) == "layouts/dashboard.html"
    assert layout(SimpleNamespace(member=None, partner=object())) == "layouts/portal.html"
    assert layout(None) == "layouts/plain.html"


def test_an_address_breaks_between_its_parts_and_stays_escaped() -> None:
    assert render("{{ it|breakable }}", it="ann@park.example") == "ann@<wbr>park<wbr>.example"
    assert render("{{ it|breakable }}", it="<b>@x") == "&lt;b&gt;@<wbr>x"


def test_a_choice_that_always_has_an_answer_is_not_called_optional() -> None:
    class Terms(forms.Form):
        base = forms.ChoiceField(choices=[("mrr", "MRR"), ("paid", "Paid")], required=False, widget=forms.RadioSelect)
        owner = forms.ChoiceField(choices=[("", "Nobody in particular"), ("ana", "Ana")], required=False)
        size = forms.ChoiceField(choices=[("", "Choose a size"), ("10", "Ten")], required=False)

    assert "optional" not in render("{% field form.base %}", form=Terms())
    assert "optional" not in render("{% field form.owner %}", form=Terms())
    assert "optional" in render("{% field form.size %}", form=Terms())


@pytest.mark.parametrize(("words", "start"), [("everyone", "Everyone"), ("vCIO; Vendor", "vCIO; Vendor"), ("", "")])
def test_a_sentence_starts_with_a_capital_that_it_has_or_gets(words: str, start: str) -> None:
    assert render("{{ words|sentence_start }}", words=words) == start
