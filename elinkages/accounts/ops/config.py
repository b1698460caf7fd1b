from django.contrib.admin.apps import AdminConfig


class OpsConfig(AdminConfig):
    """The Django admin with our own site."""

    default_site = "elinkages.accounts.ops.site.OpsSite"
