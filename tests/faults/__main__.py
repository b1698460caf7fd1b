"""`bin/drill`: kill -9 of worker, web, Redis and PostgreSQL during an import, accruals and payout runs.

Ends with 0 when nothing was lost, nothing was done twice and the books of every MSP are clean, and prints the figures.
No duration decides anything. `--seed` chooses the moments.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable

import django

from elinkages.machine import throw_away
from tests.faults.site import PARTS, Site, running


def main() -> int:
    """Run the drill; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bin/drill", description=__doc__)
    parser.add_argument("--rows", type=int, default=600, help="rows of the spreadsheet")
    parser.add_argument("--contracts", type=int, default=400, help="contracts that accrue")
    parser.add_argument("--seed", type=int, default=1, help="when to kill")
    parser.add_argument("--loud", action="store_true", help="also print what the supervisor says")
    options = parser.parse_args()
    throw_away.leave_on_signals()
    say: Callable[[str], None] = print if options.loud else lambda _: None
    began = time.monotonic()
    with running(options.seed, say) as site:
        os.environ.update(site.environment)
        django.setup()
        from tests.faults import work

        print(f"Ready after {time.monotonic() - began:.0f} s, seed {options.seed}", flush=True)
        try:
            print(f"Import   {work.importing(site, options.rows)}", flush=True)
            told, msp = work.accruing(site, options.contracts)
            print(f"Accrual  {told}", flush=True)
            print(f"Payouts  {work.paying(site, msp)}", flush=True)
        except AssertionError as wrong:
            print(f"FAILED: {wrong}", file=sys.stderr)
            return 1
        finally:
            _figures(site)
    print(f"Nothing lost, nothing twice, every book clean, after {time.monotonic() - began:.0f} s.")
    return 0


def _figures(site: Site) -> None:
    during = Counter((kill.part, kill.during.partition(":")[0]) for kill in site.kills)
    print(f"\n{'killed with -9':12} {'import':>8} {'accrual':>8} {'run':>8} {'longest away':>14}")
    for part in PARTS:
        away = max((kill.away for kill in site.kills if kill.part == part), default=0.0)
        counts = " ".join(f"{during[part, phase]:>8}" for phase in ("import", "accrual", "run"))
        print(f"{part:14} {counts} {away:>12.1f} s")
    print(f"{len(site.kills)} kills\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
