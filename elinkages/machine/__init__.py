"""The machine under the product: embedded PostgreSQL and Redis, roles, and the processes around them.

Only the standard library is imported here, so that it works before anything else does.
"""
