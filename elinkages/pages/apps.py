from importlib import import_module

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "elinkages.pages"
    label = "pages"
    verbose_name = "Pages"

    def ready(self) -> None:
        """Make our Celery app the current one, so that shared tasks reach our broker."""
        import_module("elinkages.celery")
