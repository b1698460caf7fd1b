"""What a partner is offered: the commission terms that they read, and that stand beside the agreement they sign."""

from datetime import date

from commissions import deals
from commissions.models import PlanVersion
from commissions.terms import from_json
from commissions.terms.words import describe
from partners.models import Partner
from partners.signatures import Terms
from referrals.models import ServiceLine


def shown(partner: Partner, *, currency: str, on: date) -> list[Terms]:
    """What a deal of this partner, won on that day, would earn: each plan version once, with its service lines."""
    found: dict[object, tuple[PlanVersion, list[str]]] = {}
    lines = list(ServiceLine.objects.filter(archived_at__isnull=True).order_by("position", "pk"))
    rulebook = deals.Rulebook([partner])
    for line in lines:
        version = rulebook.choose(partner, partner.kind, line, on).version
        if version is not None:
            found.setdefault(version.pk, (version, []))[1].append(line.name)
    return [
        Terms(
            plan=version.plan.name,
            number=version.number,
            sha256=version.terms_sha256,
            words=f"{describe(from_json(version.terms), currency)}.",
            lines=[] if len(names) == len(lines) else names,
        )
        for version, names in found.values()
    ]
