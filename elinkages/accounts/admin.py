"""What our staff sees across MSPs: names, people and letters about logins."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.ops.site import ReadOnlyAdmin
from elinkages.mail.models import AccountLetter


@admin.register(Msp)
class MspAdmin(ReadOnlyAdmin):
    """Every tenant, and the way into it."""

    list_display = ("name", "slug", "currency", "time_zone", "created_at", "parked", "closes_at", "way_in", "way_out")
    search_fields = ("name", "slug")
    ordering = ("name", "pk")
    exclude = ("parked_reason",)  # it names clients and partners: behind the door, on the MSP's own page

    @admin.display(boolean=True, description="books checked")
    def parked(self, msp: Msp) -> bool:
        """Whether money may move."""
        return not msp.is_parked

    @admin.display(description="enter")
    def way_in(self, msp: Msp) -> SafeString:
        """A link to the page that asks for a reason."""
        return format_html('<a href="{}?msp={}">Enter</a>', reverse("admin:enter"), msp.pk)

    @admin.display(description="close")
    def way_out(self, msp: Msp) -> SafeString:
        """A link to the page that closes and opens it."""
        words = "Reopen" if msp.closes_at else "Close"
        return format_html('<a href="{}">{}</a>', reverse("admin:closing", args=(msp.pk,)), words)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """People. An account can be closed and opened; nothing else about a person is ours to change."""

    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    search_fields = ("email", "name")
    ordering = ("email",)
    fields = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    readonly_fields = ("email", "name", "is_staff", "last_login", "date_joined")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody can lock themselves out."""
        return bool(request.user.is_staff) and obj != request.user


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who works where."""

    list_display = ("user", "msp", "role", "created_at", "deactivated_at")
    list_filter = ("role",)
    list_select_related = ("user", "msp")
    search_fields = ("user__email", "user__name", "msp__name")
    ordering = ("-created_at", "-pk")


@admin.register(AccountLetter)
class AccountLetterAdmin(ReadOnlyAdmin):
    """Letters about logins, without what they say."""

    list_display = ("about", "to", "state", "attempts", "created_at", "sent_at")
    search_fields = ("to",)
    exclude = ("subject", "text", "html")
    ordering = ("-created_at", "-pk")
