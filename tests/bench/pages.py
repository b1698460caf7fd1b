"""Placeholder."""


def run(sizes):
    pass
