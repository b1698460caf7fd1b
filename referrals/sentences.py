"""How the histories of introductions, clients and service lines tell what was done."""

from elinkages.audit.sentences import register

register(
    {
        "referral.registered": "{who} registered this introduction from {partner}",
        "referral.qualified": "{who} moved it from {before} to {stage}",
        "referral.proposal": "{who} moved it from {before} to {stage}",
        "referral.won": "{who} marked it won",
        "referral.lost": "{who} marked it lost: {reason}",
        "referral.set_back": "{who} set it back from {before} to {stage}",
        "referral.reopened": "{who} reopened it at {stage}",
        "contact.made": "{who} was in touch with them",
        "next_action.set": "{who} set the next action: {next}",
        "credit.given": "{partner} got the credit",
        "credit.withdrawn": "{who} took the credit back",
        "credit.shared": "{who} shared the credit",
        "match.same": "{who} found it to be the same company as {company}",
        "match.different": "{who} found it to be a different company than {company}",
        "client.added": "{who} added this client",
        "client.left": "{who} recorded that they left",
        "client.came_back": "{who} recorded that they came back",
        "contract.signed": "{who} added the contract for {contract} at {mrr_minor} MRR",
        "contract.moved": "{who} changed the MRR of {contract}: {kind}",
        "contract.ended": "{who} ended the contract for {contract}",
        "contract.end_taken_back": "{who} took back the end of the contract for {contract}",
        "contract.first_invoice_paid": "{who} recorded the first paid invoice of {contract} on {paid_on}",
        "contract.plan_pinned": "{contract} is under the plan {plan}",
        "contract.no_plan": "No plan applies to {contract}",
        "service_line.added": "{who} added this service line",
        "service_line.renamed": "{who} renamed it, before: {before}",
        "service_line.archived": "{who} archived it",
        "service_line.restored": "{who} restored it",
    }
)
