from importlib import import_module

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "elinkages.mail"
    label = "mail"

    def ready(self) -> None:
        """Tell our staff's pages what waits here."""
        import_module("elinkages.mail.backlogs")
