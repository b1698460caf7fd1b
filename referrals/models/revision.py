"""Counting the changes that commissions depend on, in the database, so that no verb can forget to."""

from collections.abc import Mapping, Sequence

from django.db import models

from elinkages.kernel.constraints import Quote, SqlConstraint


class Revises(SqlConstraint):
    """Rows added to this table give a new revision to the contracts that `contracts` selects.

    Accruals recompute every contract whose revision they have not seen. `contracts` is an SQL query over `added`,
    the rows of the statement, that gives the (msp_id, id) of contracts.
    """

    arguments = ("contracts", "events")
    changes = "revision = c.revision + 1"
    create = """
        CREATE FUNCTION %(function)s() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE referrals_contract c SET %(changes)s FROM (%(contracts)s) changed
                WHERE c.msp_id = changed.msp_id AND c.id = changed.id;
            RETURN NULL;
        END $$;
        %(triggers)s"""
    remove = "DROP FUNCTION %(function)s() CASCADE"

    def __init__(self, *, name: str, contracts: str, events: Sequence[str] = ("INSERT",)) -> None:
        super().__init__(name=name)
        self.contracts = contracts
        self.events = tuple(events)

    def parts(self, model: type[models.Model], quote: Quote) -> Mapping[str, str]:
        """One statement-level trigger per event, because a transition table belongs to one."""
        function, table = quote(f"elinkages_{self.name}"), quote(model._meta.db_table)
        triggers = [
            f"CREATE TRIGGER {quote(f'{self.name}_{event.lower()}')} AFTER {event} ON {table}"
            f" REFERENCING {'OLD' if event == 'DELETE' else 'NEW'} TABLE AS added"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for event in self.events
        ]
        return {
            "function": function,
            "changes": self.changes,
            "contracts": self.contracts,
            "triggers": "; ".join(triggers),
        }


class RevisesAndCovers(Revises):
    """The rows added say what the contracts earn by: none of them is without a plan anymore."""

    changes = "revision = c.revision + 1, is_without_plan = false"


class RevisesItself(SqlConstraint):
    """A change of a date that commissions depend on gives the contract a new revision."""

    create = """
        CREATE FUNCTION elinkages_revise_contract() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.revision := OLD.revision + 1;
            RETURN NEW;
        END $$;
        CREATE TRIGGER %(name)s BEFORE UPDATE ON %(table)s FOR EACH ROW
            WHEN ((OLD.starts_on, OLD.ends_on, OLD.first_paid_on, OLD.owed_from)
                  IS DISTINCT FROM (NEW.starts_on, NEW.ends_on, NEW.first_paid_on, NEW.owed_from))
            EXECUTE FUNCTION elinkages_revise_contract()"""
    remove = "DROP TRIGGER %(name)s ON %(table)s; DROP FUNCTION elinkages_revise_contract()"
