"""Anticipated errors: a sentence fit for a person, and a status fit for a program."""


class Refused(Exception):
    """Something asked for cannot be done now; the message says why and what to do.

    Verbs raise subclasses that they define themselves. A view turns it into a form error
    (`forms.attempt`) or lets the door answer with the sentence and roll back.
    """

    status = 409

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        if status is not None:
            self.status = status
