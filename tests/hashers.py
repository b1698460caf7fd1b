"""Argon2 as in production, but cheap: tests make many people, and none of them has a secret."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class CheapArgon2(Argon2PasswordHasher):
    """The same algorithm with the smallest costs."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
