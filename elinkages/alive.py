"""`python -m elinkages.alive worker`: whether a worker, or beat, has given a sign of life lately. For health checks."""

import os
import sys

import redis


def main(part: str) -> int:
    """0 when it has."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"], protocol=2, socket_timeout=4, socket_connect_timeout=4)
    return 0 if client.exists(f"elinkages:alive:{part}") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
