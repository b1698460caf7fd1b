"""An MSP with its people, and files brought to it as its owner would, without a queue between."""

from dataclasses import dataclass
from typing import Any

import pytest

from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import, ImportRow
from integrations.spreadsheets import imports
from referrals import service_lines
from tests import builders

AT = builders.AT


@dataclass
class Office:
    """Who is there in a test about imports."""

    msp: Msp
    owner: Membership

    def upload(self, kind: str, text: str | bytes, name: str = "list.csv") -> Import:
        """A file as it arrives."""
        content = text.encode() if isinstance(text, str) else text
        with tenancy.use(self.msp.pk):
            return imports.upload(kind=kind, file_name=name, content=content, by=self.owner, at=AT)

    def choose(self, batch: Import, columns: dict[str, int] | None = None, **options: Any) -> Import:
        """Choose columns, those that were guessed unless given."""
        with tenancy.use(self.msp.pk):
            chosen = {**batch.options, **options}
            return imports.choose(batch, columns=columns or batch.columns, options=chosen, by=self.owner, at=AT)

    def check(self, kind: str, text: str | bytes, /, **options: Any) -> Import:
        """A file whose rows have their fates."""
        return self.checked(self.choose(self.upload(kind, text), **options))

    def checked(self, batch: Import) -> Import:
        """An import whose columns were chosen, with the fates of its rows."""
        tasks.check.run(msp_id=str(self.msp.pk), import_id=str(batch.pk))
        return self.again(batch)

    def start(self, batch: Import) -> Import:
        """Import what was checked, without running it."""
        with tenancy.use(self.msp.pk):
            return imports.start(batch, by=self.owner, at=AT)

    def run(self, batch: Import) -> Import:
        """What the worker does with an import that was started."""
        tasks.run.run(msp_id=str(self.msp.pk), import_id=str(batch.pk))
        return self.again(batch)

    def bring(self, kind: str, text: str | bytes, /, **options: Any) -> Import:
        """A file from the upload to its last row."""
        return self.run(self.start(self.check(kind, text, **options)))

    def again(self, batch: Import) -> Import:
        """The import as it is now."""
        with tenancy.use(self.msp.pk):
            return Import.objects.get(pk=batch.pk)

    def rows(self, batch: Import) -> list[ImportRow]:
        """Its rows in the order of the file."""
        with tenancy.use(self.msp.pk):
            return list(batch.rows.order_by("number"))

    def fates(self, batch: Import) -> list[tuple[int, str, str]]:
        """Number, fate and reason of every row."""
        return [(row.number, row.fate, row.reason) for row in self.rows(batch)]


@pytest.fixture
def office(db: None) -> Office:
    msp = builders.an_msp()
    owner = builders.a_member(msp, Role.OWNER, "Olga Owner")
    with tenancy.use(msp.pk):
        service_lines.seed(AT)
    return Office(msp, owner)
