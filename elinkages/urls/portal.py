"""The portal's door, below /p/<msp>/. One flat namespace over the apps' own tables."""

from django.urls import include, path

import commissions.urls
import elinkages.accounts.urls
import elinkages.pages.urls
import integrations.urls
import partners.urls
import referrals.urls

pages = [
    *elinkages.pages.urls.portal,
    *elinkages.accounts.urls.portal,
    *partners.urls.portal,
    *referrals.urls.portal,
    *commissions.urls.portal,
    *integrations.urls.portal,
]

urlpatterns = [path("", include((pages, "portal")))]
