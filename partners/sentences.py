"""How the history of a partner tells what was done."""

from elinkages.audit.sentences import register

register(
    {
        "partner.added": "{who} added this partner",
        "partner.edited": "{who} changed {changed}",
        "partner.activated": "{who} made this partner active",
        "partner.suspended": "{who} suspended this partner",
        "partner.reinstated": "{who} reinstated this partner",
        "partner.parted": "{who} parted ways with this partner",
        "partner.invited": "{who} invited {name}",
        "partner.invited_again": "{who} invited {name} again",
        "partner.invitation_revoked": "{who} took back the invitation to {name}",
        "partner.joined": "{name} joined the portal",
        "partner.person_added": "{who} added {name}",
        "partner.person_edited": "{who} changed {changed} of {name}",
        "partner.person_removed": "{who} removed {name}",
    }
)
