from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "elinkages.audit"
    label = "audit"
