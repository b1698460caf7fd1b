"""The addresses of pages, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver, path

from elinkages.lists.urls import around as lists_around
from elinkages.lists.urls import exported
from elinkages.pages.listings import EVENTS, PARTNERS, TEAM
from elinkages.pages.views import (
    agreement,
    events,
    health,
    home,
    letters,
    metrics,
    operations,
    ops_mail,
    partners,
    portal_home,
    search,
    start,
)
from elinkages.pages.views import public as public_site
from elinkages.pages.views.styleguide import styleguide

dashboard: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("search/", search.go, name="search"),
    path("home/mrr.svg", home.chart, name="home-chart"),
    path("settings/letters/", letters.team_letters, name="letters"),
    path("settings/activity/", events.event_list, name="event-list"),
    *lists_around(EVENTS, "settings/activity/"),
    exported(TEAM, "settings/team/"),
    path("partners/", partners.partner_list, name="partner-list"),
    *lists_around(PARTNERS, "partners/"),
    path("partners/agreement/outline/", agreement.outline, name="agreement-outline"),
    path("partners/<uuid:partner_id>/", partners.partner_page, name="partner"),
    path("partners/<uuid:partner_id>/agreement/", agreement.on_paper, name="partner-agreement"),
]

portal: list[URLPattern | URLResolver] = [
    path("", portal_home.home, name="home"),
    path("profile/letters/", letters.partner_letters, name="letters"),
    path("agreement/", agreement.agreement, name="agreement"),
    path("agreement/<uuid:signature_id>/copy/", agreement.own_copy, name="agreement-copy"),
]

public: list[URLPattern | URLResolver] = [
    path("", public_site.home, name="home"),
    path("styleguide/", styleguide, name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("start/", start.start, name="start"),
    path("new-msp/", start.new_msp, name="new-msp"),
    path("ops/health/", operations.overview, name="ops-health"),
    path("ops/health/<uuid:msp_id>/", operations.msp, name="ops-msp"),
    path("ops/health/<uuid:msp_id>/unparking/", operations.unpark, name="ops-unpark"),
    path("ops/queues/", operations.queues, name="ops-queues"),
    path("ops/queues/<slug:name>/retry/", operations.retry, name="ops-retry"),
    path("letters/<slug:slug>/<str:token>/", letters.unsubscribe, name="unsubscribe"),
    path("ops/mail/", ops_mail.letters, name="ops-mail-list"),
    path("ops/mail/<str:name>/<int:number>/", ops_mail.letter, name="ops-mail"),
    path("ops/mail/<str:name>/<int:number>/html/", ops_mail.letter_html, name="ops-mail-html"),
]
