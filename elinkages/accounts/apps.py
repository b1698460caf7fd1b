from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "elinkages.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register the kernel's system checks and lookups (the kernel itself is no app)."""
        import_module("elinkages.kernel.checks")
        import_module("elinkages.kernel.lookups")
