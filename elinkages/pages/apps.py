from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "elinkages.pages"
    label = "pages"
    verbose_name = "Pages"
