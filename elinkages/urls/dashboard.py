"""The dashboard's door, below /<msp>/. One flat namespace over the apps' own tables."""

from django.urls import include, path

import commissions.urls
import elinkages.accounts.urls
import elinkages.lists.urls
import elinkages.pages.urls
import integrations.urls
import partners.urls
import referrals.urls

pages = [
    *elinkages.pages.urls.dashboard,
    *elinkages.accounts.urls.dashboard,
    *elinkages.lists.urls.dashboard,
    *partners.urls.dashboard,
    *referrals.urls.dashboard,
    *commissions.urls.dashboard,
    *integrations.urls.dashboard,
]

urlpatterns = [path("", include((pages, "dashboard")))]
