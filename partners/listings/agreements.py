"""The versions of the agreement, and who signed one and who has not, as files."""

from collections.abc import Sequence
from uuid import UUID

from django.http import QueryDict

from elinkages.lists.columns import Field, Kind
from elinkages.lists.scope import Scope
from elinkages.lists.short import Short
from elinkages.lists.wanted import register
from partners import agreements
from partners.models import AgreementVersion, Signature


class Versions(Short):
    """Every version that was published, of every kind of source."""

    name, title = "agreement-list", "Agreement versions"
    fields = (
        Field("Agreement", lambda version: version.title),
        Field("Version", lambda version: version.number, Kind.COUNT),
        Field("For", lambda version: version.for_whom),
        Field("Status", lambda version: "Ended" if version.ended_at else "In force"),
        Field("Signing", lambda version: "Required" if version.is_required else "Optional"),
        Field("To be signed by", lambda version: version.sign_by if version.is_required else None, Kind.DAY),
        Field("Published by", lambda version: str(version.published_by)),
        Field("Published at", lambda version: version.published_at, Kind.INSTANT),
        Field("Ended at", lambda version: version.ended_at, Kind.INSTANT),
        Field("Signed", lambda version: version.signed, Kind.COUNT),
        Field("SHA-256 of the words", lambda version: version.text_sha256),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[AgreementVersion]:
        """By kind of source, the newest first."""
        return list(agreements.versions().select_related("published_by__user"))


class Signed(Short):
    """`?version=<id>`: who signed a version, and with `&show=unsigned` who has not."""

    name, title = "agreement-version", "Agreement"
    fields = (
        Field("Partner", lambda line: str(line.partner)),
        Field("Version", lambda line: str(line.version)),
        Field("Signed", lambda line: "On paper" if line.is_on_paper else "In the portal" if line.signed_at else "No"),
        Field("Signed by", lambda line: line.signer_name),
        Field("Signed at", lambda line: line.signed_at, Kind.INSTANT),
        Field("Where the paper is", lambda line: line.note),
        Field("SHA-256 of the words", lambda line: line.text_sha256),
    )

    def lines(self, query: QueryDict, scope: Scope) -> Sequence[Signature] | None:
        """Signatures; of who has not signed, one that was never given."""
        try:
            version = AgreementVersion.objects.filter(pk=UUID(query.get("version", ""))).first()
        except ValueError:
            return None
        if version is None:
            return None
        if query.get("show") == "unsigned":
            waiting = agreements.unsigned(version).order_by("name_key", "pk")
            return [Signature(partner=partner, version=version) for partner in waiting]
        signed = Signature.objects.filter(version=version).select_related("partner", "version")
        return list(signed.order_by("-signed_at", "-pk"))


VERSIONS, SIGNED = register(Versions()), register(Signed())
