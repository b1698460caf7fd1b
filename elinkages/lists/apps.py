from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ListsConfig(AppConfig):
    name = "elinkages.lists"
    label = "lists"

    def ready(self) -> None:
        """Read every app's listings, so that a worker knows them too."""
        autodiscover_modules("listings")
