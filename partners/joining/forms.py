"""The form that applicants see, built from the MSP's questions; and the forms that change it."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django import forms

from elinkages.accounts.models import Membership
from elinkages.kernel.forms import by_key, offer
from elinkages.kernel.spam import PublicForm
from partners.joining.applications import REASON_LENGTH, Answer
from partners.joining.fields import HELP_LENGTH, LABEL_LENGTH
from partners.joining.pages import WELCOME_LENGTH
from partners.joining.rules import NO, YES
from partners.models import FieldType, JoinField, SourceKind, Standard
from partners.models.joining import ANSWER_LENGTH

_LENGTHS: Final = {
    Standard.NAME: 160,
    Standard.CONTACT_NAME: 120,
    Standard.EMAIL: 254,
    Standard.PHONE: 40,
    Standard.WEBSITE: 200,
    Standard.CITY: 80,
}
_AUTOCOMPLETE: Final = {
    Standard.NAME: "organization",
    Standard.CONTACT_NAME: "name",
    Standard.EMAIL: "email",
    Standard.PHONE: "tel",
    Standard.WEBSITE: "url",
    Standard.CITY: "address-level2",
}


class ApplicationForm(PublicForm):
    """The questions for one kind of source, in the MSP's order."""

    def __init__(self, *args: Any, questions: Sequence[JoinField], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = {_name(question): question for question in questions}
        for name, question in self.questions.items():
            self.fields[name] = _control(question)

    def details(self) -> dict[str, str]:
        """The answers that become the partner, by `Standard`."""
        standard = {name: question for name, question in self.questions.items() if question.standard}
        return {question.standard: str(self.cleaned_data[name]) for name, question in standard.items()}

    def answers(self) -> list[Answer]:
        """The answers to the MSP's own questions; what was left out is not among them."""
        own = {name: question for name, question in self.questions.items() if not question.standard}
        given = [
            Answer(str(question.pk), question.label, _text(self.cleaned_data[name])) for name, question in own.items()
        ]
        return [answer for answer in given if answer.value]


def _name(question: JoinField) -> str:
    return question.standard or f"answer_{question.pk.hex}"


def _control(question: JoinField) -> forms.Field:
    field = _CONTROLS[question.type](question)
    field.label, field.help_text, field.required = question.label, question.help_text, question.is_required
    if question.standard:
        field.widget.attrs["autocomplete"] = _AUTOCOMPLETE[Standard(question.standard)]
    return field


def _line(question: JoinField) -> forms.Field:
    if question.standard == Standard.WEBSITE:
        return forms.URLField(max_length=200, assume_scheme="https", widget=forms.TextInput(attrs={"inputmode": "url"}))
    return forms.CharField(max_length=_length(question, 200))


def _length(question: JoinField, otherwise: int) -> int:
    return _LENGTHS[Standard(question.standard)] if question.standard else otherwise


def _choice(question: JoinField) -> forms.Field:
    choices = [(choice, choice) for choice in question.choices]
    if len(choices) <= 6:
        options = choices if question.is_required else [*choices, ("", "No answer")]
        return forms.ChoiceField(choices=options, widget=forms.RadioSelect)
    return forms.ChoiceField(choices=[("", "Choose"), *choices])


_CONTROLS: Final[dict[str, Callable[[JoinField], forms.Field]]] = {
    FieldType.TEXT: _line,
    FieldType.LONG_TEXT: lambda question: forms.CharField(
        max_length=ANSWER_LENGTH, widget=forms.Textarea(attrs={"rows": 4})
    ),
    FieldType.CHOICE: _choice,
    FieldType.EMAIL: lambda question: forms.EmailField(max_length=254),
    FieldType.PHONE: lambda question: forms.CharField(
        max_length=_length(question, 40), widget=forms.TextInput(attrs={"type": "tel"})
    ),
    FieldType.CHECKBOX: lambda question: forms.BooleanField(),
}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    return str(value).strip()


class WelcomeForm(forms.Form):
    """What stands above the questions."""

    welcome = forms.CharField(
        label="Welcome",
        required=False,
        max_length=WELCOME_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Why someone should refer clients to you, and what happens after they apply. "
        "An empty line starts a paragraph, “# ” a heading, “- ” a list item.",
    )


class QuestionForm(forms.Form):
    """A question that is on the form; its type was chosen when it was added."""

    label = forms.CharField(label="Question", max_length=LABEL_LENGTH)
    help_text = forms.CharField(
        label="Help", required=False, max_length=HELP_LENGTH, help_text="Shown in small print under the question."
    )
    choices = forms.CharField(
        label="Choices",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Only for “One of several choices”: each on its own line.",
    )
    is_required = forms.BooleanField(label="They must answer it", required=False)
    kinds = forms.MultipleChoiceField(
        label="Asked of", choices=SourceKind.choices, widget=forms.CheckboxSelectMultiple, initial=SourceKind.values
    )

    def clean_choices(self) -> list[str]:
        """One choice a line."""
        return [line for line in str(self.cleaned_data["choices"]).splitlines() if line.strip()]

    def without(self, *names: str) -> "QuestionForm":
        """The same form without questions that make no sense for this field."""
        for name in names:
            del self.fields[name]
        return self


class NewQuestionForm(QuestionForm):
    """A question of the MSP's own."""

    type = forms.ChoiceField(label="The answer is", choices=FieldType.choices, widget=forms.RadioSelect)

    field_order = ["label", "help_text", "type", "choices", "is_required", "kinds"]


class RuleForm(forms.Form):
    """When, and what then."""

    kind = forms.ChoiceField(label="Kind of source is", required=False, choices=[("", "Any"), *SourceKind.choices])
    email_domain = forms.CharField(
        label="E-mail address ends in @", required=False, max_length=120, help_text="For example firm.com."
    )
    field = forms.ChoiceField(label="Question", required=False)
    answer = forms.CharField(
        label="Its answer contains",
        required=False,
        max_length=120,
        help_text="For a choice, the exact text; for a checkbox, Yes or No.",
    )
    approves = forms.ChoiceField(
        label="Then",
        choices=[("", "Give it to this person to decide"), ("yes", "Approve at once, in this person’s name")],
        required=False,
        widget=forms.RadioSelect,
        help_text="An application from someone you may know is never approved automatically.",
    )
    member = forms.ChoiceField(label="Person")

    def __init__(self, *args: Any, questions: Sequence[JoinField], team: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "field", [("", "None"), *((str(question.pk), question.label) for question in questions)])
        offer(self, "member", by_key(team))


class ApprovalForm(forms.Form):
    """Whether the applicant is new, and what is said besides the standard invitation."""

    partner = forms.ChoiceField(label="Becomes", widget=forms.RadioSelect, required=False)
    message = forms.CharField(
        label="Your message",
        required=False,
        max_length=2_000,
        initial="Thank you for applying. I am glad to have you.",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Shown at the top of their invitation.",
    )

    def __init__(self, *args: Any, name: str, known: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        joins = [(pk, f"One more person of {partner}, who does not sign or see earnings yet") for pk, partner in known]
        offer(self, "partner", [("", f"A new partner, {name}"), *joins])


class DeclineForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label="Reason",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They read it in an e-mail from you.",
    )


class AssignmentForm(forms.Form):
    """Whose list it is on."""

    member = forms.ChoiceField(label="Assigned to", required=False)

    def __init__(self, *args: Any, team: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "member", by_key(team, nothing="Everyone"))
