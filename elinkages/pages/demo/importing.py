"""What the demo shows of spreadsheets: a list of introductions that was brought, and one of partners that waits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from elinkages.kernel.csv_cells import write
from elinkages.pages.demo import cast
from integrations.models import Import, ImportKind
from integrations.spreadsheets import imports, rows, running

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Story

OLD: Final = (
    ("Dearborn Watch Repair", cast.PETRAS_FIRM, 330, "Lost", 300, "too expensive"),
    ("Cermak Road Upholstery", cast.PETRAS_FIRM, 318, "Lost", 290, "no reply"),
    ("Halsted Street Optical", "Whitmore Law Group", 305, "Lost", 260, "stayed with provider"),
    ("Pilsen Community Kitchen", "Whitmore Law Group", 290, "Lost", 271, "too small"),
    ("Edgewater Marine Supply", "Belmont Bookkeeping", 288, "Lost", 240, "bad timing"),
    ("Ravenswood Piano Works", "Belmont Bookkeeping", 260, "Lost", 219, "no reply"),
    ("Humboldt Park Florists", "Northside Insurance Brokers", 251, "Lost", 200, "too expensive"),
    ("Wabash Stage Lighting", "Sterling vCIO Services", 244, "Lost", 188, "stayed with provider"),
    ("Damen Avenue Framing", "Sterling vCIO Services", 220, "Lost", 170, "no reply"),
    ("Portage Park Hearing Center", "Compass Technology Advice", 210, "Lost", 165, "bad timing"),
    ("Bronzeville Title Company", "Compass Technology Advice", 82, "Qualified", 70, ""),
    ("Canal Street Packaging", "Whitmore Law Group", 77, "Proposal", 58, ""),
)
"""What Marcus kept in a spreadsheet: company, partner, days ago, stage, days ago, and why."""
NEW: Final = (
    ("Lincoln Square Tax & Audit", "CPA", "Helen Brody", "helen@lincolnsquaretax.example"),
    ("Ogden Avenue Escrow", "Attorney", "Dale Winters", "dale@ogdenescrow.example"),
    ("Belmont Bookkeeping", "CPA", "Ruth Adeyemi", ""),
    ("Kedzie Business Brokers", "Broker", "Ines Fontana", "ines@kedziebrokers"),
    ("Third Coast Payroll", "Vendor", "Sam Ostrow", "sam@thirdcoastpayroll.example"),
    ("Cicero Avenue Partners", "Friend", "Lou Banks", "lou@ciceroavenue.example"),
    ("Prairie State Realty", "Realtor", "Devon Clarke", ""),
    ("Western Suburbs IT", "Peer", "Gary Stone", "gary@westernsuburbsit.example"),
    ("", "CPA", "Nora Quist", "nora@quist.example"),
    ("Third Coast Payroll", "Vendor", "Sam Ostrow", "sam@thirdcoastpayroll.example"),
)
"""Contacts that Marcus exported last night, some of whom are here or cannot be read."""


def plan(story: Story) -> None:
    """One import in the last weeks of the story, and one since this morning."""
    story.plan(story.now - timedelta(days=38), lambda at: _old_introductions(story, at))
    story.plan(story.now - timedelta(hours=3), lambda at: _new_partners(story, at))


def _old_introductions(story: Story, at: datetime) -> None:
    today = story.msp.today(at)

    def day(days: int) -> str:
        return _written(today - timedelta(days=days - 38))

    header = ["Company", "Partner", "Introduced on", "Stage", "In that stage since", "Reason"]
    lines = [[company, firm, day(sent), stage, day(since), why] for company, firm, sent, stage, since, why in OLD]
    batch = _checked(story, ImportKind.REFERRALS, "Introductions before Elinkages.csv", [header, *lines], at)
    imports.start(batch, by=story.manager, at=at)
    while taken := running.take_rows(batch.pk, at=at):
        running.write_rows(batch.pk, taken, at=at)


def _new_partners(story: Story, at: datetime) -> None:
    header = ["Firm", "Kind of source", "Contact", "E-mail"]
    _checked(story, ImportKind.PARTNERS, "Contacts from Outlook.csv", [header, *map(list, NEW)], at)


def _checked(story: Story, kind: ImportKind, name: str, lines: list[list[str]], at: datetime) -> Import:
    """A file with the fates of its rows, as the worker leaves it."""
    batch = imports.upload(kind=kind, file_name=name, content=write(lines), by=story.manager, at=at)
    imports.choose(batch, columns=batch.columns, options=batch.options, by=story.manager, at=at)
    work = running.take_check(batch.pk, at=at)
    if work is None:
        raise RuntimeError(f"{name} is taken by somebody else.")
    drafts = list(rows.drafts(imports.table_of(work.batch), kind, work.batch.columns, work.rules))
    running.check_some(work, drafts, done=0, at=at)
    running.end_check(work, at=at)
    return Import.objects.get(pk=batch.pk)


def _written(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"
