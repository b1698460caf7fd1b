"""The list of applications, and what is taken along as files beside it."""

from partners.listings.agreements import SIGNED, VERSIONS
from partners.listings.applications import APPLICATIONS
from partners.listings.joining import QUESTIONS, RULES

__all__ = ["APPLICATIONS", "QUESTIONS", "RULES", "SIGNED", "VERSIONS"]
