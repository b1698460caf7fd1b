from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "elinkages.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the system checks and lookups of packages that are no apps."""
        import_module("elinkages.kernel.checks")
        import_module("elinkages.kernel.lookups")
        import_module("elinkages.watch.production")
