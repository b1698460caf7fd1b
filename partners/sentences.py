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
        "partner.applied": "{who} approved the application of {name}",
        "partner.joined": "{name} joined the portal",
        "partner.person_added": "{who} added {name}",
        "partner.person_edited": "{who} changed {changed} of {name}",
        "partner.person_left": "{name} closed their account",
        "partner.person_removed": "{who} removed {name}",
        "agreement.published": "{who} published this for {for_whom}",
        "agreement.withdrawn": "{who} withdrew this",
        "agreement.signed": "{name} signed {agreement}",
        "agreement.recorded": "{who} recorded that {name} signed {agreement} on paper",
        "application.confirmed": "{who} applied",
        "application.routed": "{rule}",
        "application.assigned": "{who} put this on the list of {name}",
        "application.approved": "{who} approved this: {partner}",
        "application.declined": "{who} declined this",
        "join_page.set_up": "{who} set up the join page",
        "join_page.described": "{who} changed the welcome of the join page for {kind}",
        "join_page.opened": "{who} opened the join page for {kind}",
        "join_page.closed": "{who} closed the join page for {kind}",
        "join_field.added": "{who} added the question “{name}” to the join page",
        "join_field.edited": "{who} changed the question “{name}” of the join page",
        "join_field.moved": "{who} moved the question “{name}” of the join page",
        "join_field.removed": "{who} took the question “{name}” off the join page",
        "join_field.restored": "{who} put the question “{name}” back on the join page",
        "join_rule.added": "{who} added a rule to the join page: {rule}",
        "join_rule.moved": "{who} moved a rule of the join page: {rule}",
        "join_rule.removed": "{who} removed a rule of the join page: {rule}",
    }
)
