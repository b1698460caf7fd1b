"""Domains and phone numbers that are set aside, as a file."""

from collections.abc import Sequence

from django.http import QueryDict

from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from referrals import common_keys
from referrals.models import CommonKey


class CommonKeys(Short):
    """Those in force, and after them those that were taken back."""

    name, title = "common-keys", "Shared domains and phone numbers"
    fields = (
        Field("Shared", lambda common: common.key),
        Field("Kind", lambda common: common.get_kind_display()),
        Field("Set aside at", lambda common: common.set_aside_at, Kind.INSTANT),
        Field("Set aside by", lambda common: str(common.set_aside_by)),
        Field("Taken back at", lambda common: common.taken_back_at, Kind.INSTANT),
        Field("Taken back by", lambda common: str(common.taken_back_by or "")),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[CommonKey]:
        """All of them."""
        return common_keys.every()


COMMON_KEYS = register(CommonKeys())
