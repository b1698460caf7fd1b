"""Many at once where no two may be about the same."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable


def in_rounds[T](items: Iterable[T], subject: Callable[[T], Hashable]) -> list[list[T]]:
    """Those about the same subject come one round after the other, because the one before may change the answer."""
    rounds: list[list[T]] = []
    seen: Counter[Hashable] = Counter()
    for item in items:
        about = subject(item)
        if seen[about] == len(rounds):
            rounds.append([])
        rounds[seen[about]].append(item)
        seen[about] += 1
    return rounds
