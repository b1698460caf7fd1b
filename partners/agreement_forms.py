"""Forms about the agreement: writing it, signing it, recording a paper."""

from django import forms

from partners.agreements import LONGEST_GRACE, LONGEST_TEXT
from partners.signatures import NAME_LENGTH, NOTE_LENGTH


class DraftForm(forms.Form):
    """The next version."""

    title = forms.CharField(label="Title", max_length=120)
    text = forms.CharField(
        label="Text",
        max_length=LONGEST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="An empty line starts a paragraph, “# ” a heading, “## ” a smaller one, “- ” a list item. "
        "Each partner’s commission terms are shown beside it; do not repeat them here.",
    )
    is_required = forms.BooleanField(
        label="Must be signed",
        required=False,
        initial=True,
        help_text="Until they sign, the portal asks for it first, and nothing is paid out.",
    )
    grace_days = forms.IntegerField(
        label="Days to sign",
        min_value=0,
        max_value=LONGEST_GRACE,
        initial=30,
        help_text="For existing partners. Anyone who joins later signs before the first introduction.",
    )


class SignForm(forms.Form):
    """A signature: the name, typed, and the consent to sign like that."""

    name = forms.CharField(
        label="Your full name",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="Typing your name is your signature.",
    )
    agrees = forms.BooleanField(label="I have read this and agree, and I am authorized to sign for my firm.")
    text_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)
    terms_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)


class PaperForm(forms.Form):
    """A signature on paper."""

    name = forms.CharField(label="Who signed", max_length=NAME_LENGTH)
    note = forms.CharField(
        label="When, and where the paper is",
        max_length=NOTE_LENGTH,
        help_text="For example: March 3, 2026, in the Partners folder in our office.",
    )
