from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "elinkages.mail"
    label = "mail"
