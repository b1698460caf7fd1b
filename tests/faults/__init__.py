"""Faults on purpose: every part is killed in the middle of its work, and nothing is lost or done twice."""
