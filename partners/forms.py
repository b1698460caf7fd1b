"""Forms about partners and their people."""

from typing import Any

from django import forms

from elinkages.accounts.models import Membership
from elinkages.kernel.forms import by_key, offer
from partners.invitations import MESSAGE_LIMIT
from partners.models import Contact, SourceKind

KIND_CHOICES = (
    (SourceKind.CLIENT.value, "Happy client: tells people about your work"),
    (SourceKind.VCIO.value, "vCIO: advises companies on technology"),
    (SourceKind.CENTRE.value, "Center of influence: accountant, attorney, realtor or another adviser"),
    (SourceKind.PEER.value, "Peer MSP: overflow, other places, other specialties"),
    (SourceKind.VENDOR.value, "Vendor: makes or sells something in your stack"),
)


class PartnerForm(forms.Form):
    """What is known of a partner."""

    kind = forms.ChoiceField(
        label="Kind of source",
        choices=KIND_CHOICES,
        widget=forms.RadioSelect,
        help_text="Decides which commission plan applies to what they send, and where they count in reports.",
    )
    name = forms.CharField(label="Firm or person", max_length=160)
    email = forms.EmailField(
        label="E-mail", required=False, max_length=254, help_text="Where their invitation goes. You can add it later."
    )
    phone = forms.CharField(label="Phone", required=False, max_length=40)
    website = forms.URLField(
        label="Website",
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )
    city = forms.CharField(label="City", required=False, max_length=80)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=5_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Only your team sees this.",
    )


class NewPartnerForm(PartnerForm):
    """A partner with their first person."""

    contact_name = forms.CharField(
        label="Person",
        required=False,
        max_length=120,
        help_text="The person you talk to there. Leave it empty if the partner is a person.",
    )
    is_another = forms.BooleanField(label="This is someone else: add them anyway", required=False)

    field_order = ["kind", "name", "contact_name", "email", "phone", "website", "city", "note", "is_another"]


class PartnerEditForm(PartnerForm):
    """A partner, and who of the team looks after them."""

    owner = forms.ChoiceField(
        label="Looked after by", required=False, help_text="They are the first to hear when this partner sends someone."
    )

    def __init__(self, *args: Any, team: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].help_text = "The firm’s general address. Invitations go to its people."
        offer(self, "owner", by_key(team, nothing="Nobody in particular"))


class PersonForm(forms.Form):
    """One person of a partner."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail", required=False, max_length=254)
    phone = forms.CharField(label="Phone", required=False, max_length=40)


class ColleagueForm(PersonForm):
    """A person of a partner, and what they may do for the firm."""

    can_sign = forms.BooleanField(
        label="Speaks for the firm",
        required=False,
        initial=True,
        help_text="May sign the agreement, and is asked to.",
    )
    sees_earnings = forms.BooleanField(
        label="Sees earnings",
        required=False,
        initial=True,
        help_text="Reads amounts and statements in the portal, and gets e-mails about payouts.",
    )


class ProfileForm(PersonForm):
    """A person of a partner about themselves."""

    email = forms.EmailField(
        label="Notifications go to",
        max_length=254,
        help_text="News about your referrals, earnings and payouts. A new address has to open a link first; "
        "your login stays the same.",
    )


class ColleagueInvitationForm(forms.Form):
    """A colleague whom a partner's person brings in."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(
        label="E-mail", max_length=254, help_text="If they were invited before, they get a new link."
    )
    sees_earnings = forms.BooleanField(
        label="Sees earnings",
        required=False,
        help_text="Reads amounts and statements, and gets e-mails about payouts.",
    )

    def __init__(self, *args: Any, by: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not by.sees_earnings:
            del self.fields["sees_earnings"]  # nobody gives what they do not have


class InvitationForm(forms.Form):
    """To whom, and what is said besides the standard text."""

    contact = forms.ChoiceField(label="Invite")
    message = forms.CharField(
        label="Your message",
        required=False,
        max_length=MESSAGE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="A sentence or two of your own, shown at the top of the e-mail.",
    )

    def __init__(self, *args: Any, people: list[Contact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "contact", [(str(person.pk), f"{person.name}, {person.email}") for person in people])


class ReasonForm(forms.Form):
    """Why something is done to a partner."""

    reason = forms.CharField(label="Reason", max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
