from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ListsConfig(AppConfig):
    name = "elinkages.lists"
    label = "lists"

    def ready(self) -> None:
        """Read every app's listings, so that a worker knows them too, and tell our staff's pages what waits here."""
        autodiscover_modules("listings")
        import_module("elinkages.lists.backlogs")
