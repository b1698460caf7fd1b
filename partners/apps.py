from importlib import import_module

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "partners"

    def ready(self) -> None:
        """Say how a person's access to portals ends with their account."""
        import_module("elinkages.accounts.closing").register(import_module("partners.people").end_access)
