"""How the history of an MSP tells what was done to it and its team."""

from elinkages.audit.sentences import register

register(
    {
        "msp.founded": "{who} set up this MSP",
        "msp.changed": "{who} changed the settings",
        "msp.second_person_waived": "{who} recorded that one person approves payout runs",
        "msp.second_person_required": "{who} asked for a second person to approve payout runs again",
        "domain.added": "{who} asked for the host name {host}",
        "domain.moved": "The host name {host}: {state}",
        "domain.removed": "{who} removed the host name {host}",
        "brand.changed": "{who} changed the branding",
        "brand.logo_set": "{who} uploaded a logo",
        "brand.logo_removed": "{who} removed the logo",
        "team.invited": "{who} invited {email} as {role}",
        "team.invitation_resent": "{who} sent the invitation to {email} again",
        "team.invitation_revoked": "{who} revoked the invitation to {email}",
        "team.joined": "{who} joined the team as {role}",
        "team.role_changed": "{who} made {person} {role}",
        "team.deactivated": "{who} deactivated {person}",
        "team.reactivated": "{who} brought {person} back as {role}",
        "team.left": "{who} left the team",
        "ownership.offered": "{who} offered {person} to be the owner in their place",
        "ownership.accepted": "{who} is the owner in place of {person}",
        "ownership.ended": "{who} ended the offer to {person}",
        "msp.second_factor_required": "{who} asked everybody for a second factor within {days:day}",
        "msp.second_factor_optional": "{who} no longer asks everybody for a second factor",
        "msp.closing": "{who} closes this account on {closes_on}",
        "msp.kept_open": "{who} keeps this account open",
        "support.entered": "{who} looked at this MSP, until {until_at} at most",
        "support.left": "{who} left this MSP",
        "support.retried": "{who} let {rows:row} be tried again: {what}",
    }
)
