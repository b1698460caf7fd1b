"""Who is in the demo: people with fixed logins, partners of all five kinds, and the companies they introduce."""

from typing import Final, NamedTuple

from partners.models import SourceKind

PASSWORD: Final = "introductions-2026"  # noqa: S105 - printed by bin/demo, and only ever made in demo mode


class Person(NamedTuple):
    """Someone who can log in; `part` says as whom."""

    name: str
    email: str
    part: str


OWNER: Final = Person("Olivia Hart", "olivia@northbeam.example", "Owner of Northbeam IT")
MANAGER: Final = Person("Marcus Lind", "marcus@northbeam.example", "Manager at Northbeam IT")
FINANCE: Final = Person("Fatima Noor", "fatima@northbeam.example", "Finance at Northbeam IT")
READER: Final = Person("Rosa Quinn", "rosa@northbeam.example", "Read-only at Northbeam IT")
PETRA: Final = Person("Petra Park", "petra@parkledger.example", "Partner of Northbeam IT and of Harborlight MSP")
COLLEAGUE: Final = Person("Callum Reed", "callum@parkledger.example", "Petra’s colleague, who does not see earnings")
PAUL: Final = Person("Paul Reyes", "paul@reyesdental.example", "Partner of Northbeam IT")
RIVAL: Final = Person("Henry Vale", "henry@harborlight.example", "Owner of Harborlight MSP")
RIVAL_FINANCE: Final = Person("Hanna Birch", "hanna@harborlight.example", "Finance at Harborlight MSP")
STAFF: Final = Person("Odette Sims", "ops@elinkages.example", "Elinkages operations staff (at /ops/)")
MONTHS: Final = 18
"""How long Northbeam has had its program."""
LOGINS: Final = (OWNER, FINANCE, MANAGER, READER, PETRA, COLLEAGUE, PAUL, RIVAL, STAFF)


class Source(NamedTuple):
    """A partner of the demo: the firm, its person, where they are, how often they send someone."""

    kind: str
    firm: str
    person: str
    city: str
    weight: int = 2


_CLIENT, _VCIO, _CENTRE = SourceKind.CLIENT, SourceKind.VCIO, SourceKind.CENTRE
_PEER, _VENDOR = SourceKind.PEER, SourceKind.VENDOR

PETRAS_FIRM: Final = "Park & Ledger CPAs"
PAULS_FIRM: Final = "Reyes Family Dental"

SOURCES: Final = (
    Source(_CENTRE, PETRAS_FIRM, "Petra Park", "Chicago", 9),
    Source(_CLIENT, PAULS_FIRM, "Paul Reyes", "Oak Park", 5),
    Source(_CENTRE, "Whitmore Law Group", "Grace Whitmore", "Chicago", 5),
    Source(_CENTRE, "Prairie State Realty", "Devon Clarke", "Naperville", 4),
    Source(_CENTRE, "Lakefront Wealth Advisers", "Sonia Marsh", "Evanston", 3),
    Source(_CENTRE, "Belmont Bookkeeping", "Ruth Adeyemi", "Chicago", 4),
    Source(_CENTRE, "Hollis & Grant Attorneys", "Theo Hollis", "Joliet", 2),
    Source(_CENTRE, "Northside Insurance Brokers", "Carla Jimenez", "Skokie", 2),
    Source(_CENTRE, "Fox River Tax Service", "Neil Osborne", "Aurora", 1),
    Source(_CLIENT, "Brightwater Architects", "Ingrid Solberg", "Chicago", 3),
    Source(_CLIENT, "Cedar Lane Veterinary", "Omar Haddad", "Elgin", 3),
    Source(_CLIENT, "Union Street Brewing", "Jack Delaney", "Chicago", 2),
    Source(_CLIENT, "Hearthstone Senior Living", "Marian Cole", "Wheaton", 3),
    Source(_CLIENT, "Atlas Freight Partners", "Viktor Dragan", "Cicero", 2),
    Source(_CLIENT, "Meridian Print Works", "Lena Hoffman", "Berwyn", 1),
    Source(_CLIENT, "Sunrise Pediatrics", "Aisha Khan", "Schaumburg", 3),
    Source(_CLIENT, "Granite Hill Builders", "Tom Wexler", "Lisle", 1),
    Source(_CLIENT, "Blue Heron Montessori", "Joy Lambert", "Evanston", 1),
    Source(_VCIO, "Sterling vCIO Services", "Dana Sterling", "Chicago", 5),
    Source(_VCIO, "Compass Technology Advice", "Ravi Menon", "Milwaukee", 4),
    Source(_VCIO, "Fieldstone Advisory", "Ellen Brandt", "Rockford", 2),
    Source(_VCIO, "Keel Strategy", "Aaron Keel", "Chicago", 2),
    Source(_VCIO, "Lantern CIO", "Mei Chen", "Madison", 1),
    Source(_VCIO, "Parallel Advisers", "Joan Ferris", "Peoria", 1),
    Source(_PEER, "Quad Cities Computing", "Brent Olson", "Davenport", 4),
    Source(_PEER, "Lakeshore Networks", "Kim Tanaka", "Milwaukee", 3),
    Source(_PEER, "Hoosier Managed IT", "Gwen Abbott", "Indianapolis", 3),
    Source(_PEER, "Ironwood Security", "Pete Calloway", "Chicago", 2),
    Source(_PEER, "Cloudgate Voice", "Nadia Rossi", "Gary", 2),
    Source(_PEER, "Twin Rivers Support", "Sam Whitfield", "St. Louis", 1),
    Source(_PEER, "Badger Backup", "Lori Schultz", "Madison", 1),
    Source(_VENDOR, "Redpine Firewalls", "Alan Foster", "Austin", 3),
    Source(_VENDOR, "Copperline Telecom", "Beth Rowan", "Chicago", 3),
    Source(_VENDOR, "Vaultwise Backup", "Chris Nolan", "Denver", 2),
    Source(_VENDOR, "Ledgerly Payroll", "Tara Singh", "Columbus", 2),
    Source(_VENDOR, "Openfield Printers", "Hugo Lange", "Chicago", 1),
    Source(_VENDOR, "Signal Peak Wi-Fi", "Dee Marsh", "Boise", 1),
    Source(_VENDOR, "Mosaic Dental Software", "Iris Cohen", "Minneapolis", 2),
    Source(_VENDOR, "Tallgrass Legal Tech", "Gene Barlow", "Omaha", 1),
    Source(_CENTRE, "Riverwalk Commercial Lending", "Priya Nair", "Chicago", 2),
)

PLACES: Final = (
    "Lakeview", "Prairie", "Harlem", "Wicker", "Elmhurst", "Kedzie", "Ravenswood", "Logan", "Pilsen", "Halsted",
    "Beverly", "Edison", "Fulton", "Garfield", "Hyde Park", "Irving", "Jefferson", "Kenwood", "Lincoln", "Midway",
)  # fmt: skip
TRADES: Final = (
    ("Dental Group", "dental"), ("Family Law", "law"), ("Freight", "freight"), ("Orthopedics", "ortho"),
    ("Manufacturing", "mfg"), ("Title Company", "title"), ("Animal Hospital", "vet"), ("Architects", "design"),
    ("Charter School", "school"), ("Food Distributors", "foods"), ("Machine Works", "machine"),
    ("Property Management", "homes"), ("Accounting", "books"), ("Eye Care", "eyes"),
)  # fmt: skip
FIRST_NAMES: Final = (
    "Alicia", "Ben", "Carmen", "David", "Elena", "Frank", "Gloria", "Hector", "Irene", "Jonas", "Kara", "Luis",
    "Monica", "Nathan", "Olga", "Pablo", "Quinn", "Rosa", "Stefan", "Tessa",
)  # fmt: skip
LAST_NAMES: Final = (
    "Avery", "Bauer", "Castro", "Dunn", "Ellis", "Fisher", "Gomez", "Hayes", "Ibarra", "Jensen", "Klein", "Lopez",
    "Moore", "Novak", "Ortiz", "Price", "Rhodes", "Shaw", "Torres", "Walsh",
)  # fmt: skip
NOTES: Final = (
    "Their server is out of warranty and nobody looks after the backups.",
    "They outgrew the nephew who does their IT. Twenty-two people, two offices.",
    "Had a phishing scare last month and want someone to call.",
    "Moving offices in spring and asked me who we use.",
    "Unhappy with how long tickets take at their current provider.",
    "Need to pass a cyber insurance questionnaire by quarter end.",
    "New managing partner wants proper reporting and a plan.",
    "They asked for help with Microsoft 365 and phones.",
)
ACTIONS: Final = (
    "Site visit", "Send the proposal", "Call the office manager", "Check the backups", "Walk through the quote",
    "Meet the managing partner", "Ask for the insurance form",
)  # fmt: skip
