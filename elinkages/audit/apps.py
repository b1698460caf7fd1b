from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AuditConfig(AppConfig):
    name = "elinkages.audit"
    label = "audit"

    def ready(self) -> None:
        """Read every app's sentences."""
        autodiscover_modules("sentences")
