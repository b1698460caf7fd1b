"""The form of a client who was there before, or came without an introduction."""

from django import forms

from elinkages.kernel.form_fields import DayField


class ClientForm(forms.Form):
    """Name, web address, and since when; `is_another` confirms a second client of one name."""

    name = forms.CharField(max_length=160)
    website = forms.CharField(
        max_length=200, required=False, help_text="Used to recognize them when a partner introduces the same company."
    )
    since_on = DayField(label="Client since")
    is_another = forms.BooleanField(label="This is a different client with the same name", required=False)
