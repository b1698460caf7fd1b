"""The public door: everything that belongs to no MSP."""

from django.contrib import admin
from django.urls import include, path

import commissions.urls
import elinkages.accounts.urls
import elinkages.pages.urls
import integrations.urls
import partners.urls
import referrals.urls

urlpatterns = [
    *elinkages.pages.urls.public,
    *elinkages.accounts.urls.public,
    *partners.urls.public,
    *referrals.urls.public,
    *commissions.urls.public,
    *integrations.urls.public,
    path("accounts/", include("allauth.urls")),
    path("ops/", admin.site.urls),
]
