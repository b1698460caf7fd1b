"""`bin/bench [--n 10000] [part …]`: ratios to the floors, on a throw-away Postgres that syncs to disk."""

import argparse
import os
import subprocess
import sys

import django
import psycopg

SIZES = [1_000, 10_000, 100_000]


def main() -> None:
    """Migrate, then run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    listed = "accrual, many, payouts, books, imports, pages, carried; all of them without any"
    parser.add_argument("parts", nargs="*", default=[], help=listed)
    parser.add_argument("--n", type=int, help="only this size, for a quick look")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")
    owner = {**os.environ, "ELINKAGES_ROLE": "owner"}
    subprocess.run([sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity=0"], env=owner, check=True)
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"], check=True)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bench; GRANT ALL ON SCHEMA bench TO elinkages_app")
    django.setup()
    from elinkages.kernel import garbage
    from tests.bench import accrual, carried, imports, many, money, pages

    garbage.settle()  # as the web and the workers do

    parts = {
        "accrual": accrual.run,
        "many": many.run,
        "payouts": money.run_payouts,
        "books": money.run_books,
        "imports": imports.run,
        "pages": pages.run,
        "carried": carried.run,
    }
    for name in arguments.parts or parts:
        parts[name]([arguments.n] if arguments.n else SIZES)


if __name__ == "__main__":
    main()
