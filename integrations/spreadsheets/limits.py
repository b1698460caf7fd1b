"""How much of a file is read, and what is said of one that cannot be."""

from elinkages.kernel.refusal import Refused

MEGABYTE = 1024 * 1024
LARGEST_BYTES = 10 * MEGABYTE
MOST_ROWS = 20_000
MOST_COLUMNS = 200


class Unreadable(Refused):
    """The file is not a table that can be read; the sentence says what it is and what to do."""
