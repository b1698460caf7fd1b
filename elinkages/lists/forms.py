"""What is asked to keep a view."""

from typing import Any

from django import forms

from elinkages.lists.saved import NAME_LENGTH


class ViewForm(forms.Form):
    """A name, and who sees it."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        error_messages={"required": "Give the view a name, such as “My open ones”."},
    )
    is_shared = forms.BooleanField(
        label="Everyone here sees it", required=False, help_text="Only you can change it; an owner can delete it."
    )
    is_default = forms.BooleanField(
        label="Start with this view", required=False, help_text="When you open the list, this view comes first."
    )

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["is_shared"]
