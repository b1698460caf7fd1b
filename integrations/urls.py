"""The addresses of integrations, by door; elinkages/urls puts them together."""

from django.urls import URLPattern, URLResolver

dashboard: list[URLPattern | URLResolver] = []

portal: list[URLPattern | URLResolver] = []

public: list[URLPattern | URLResolver] = []
