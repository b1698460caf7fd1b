"""One MSP at a time: in Python, and in Postgres.

Three walls, declared once (docs/adr/0001): a manager that filters and raises, row-level security
whose policy function raises when no tenant is set, and composite foreign keys, because
"referential integrity checks always bypass row security" (PostgreSQL manual, 5.9).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import BaseConstraint, Model
from django.db.models.functions import UUID7
from psycopg import OperationalError
from psycopg.pq import ExecStatus

from elinkages.kernel.constraints import Quote, SqlConstraint, column_of


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows this unit of work sees; with a partner, only that partner's."""

    msp_id: UUID
    partner_id: UUID | None = None


class NoTenant(RuntimeError):
    """A tenant's rows were asked for and no MSP is active."""


class OtherTenant(RuntimeError):
    """A second MSP or partner was entered inside the first."""


_scope: ContextVar[Scope | None] = ContextVar("tenancy", default=None)


def active() -> bool:
    """Whether a unit of work is open."""
    return _scope.get() is not None


def current_msp_id() -> UUID:
    """The MSP of the open unit of work; raises NoTenant without one."""
    if (scope := _scope.get()) is None:
        raise NoTenant("Wrap this in tenancy.use(msp.pk).")
    return scope.msp_id


@contextmanager
def use(
    msp_id: UUID, *, partner_id: UUID | None = None, snapshot: bool = False, reads_only: bool = False
) -> Iterator[None]:
    """Run one unit of work for one MSP: one transaction, one tenant, all walls up.

    With `partner_id` the database role is `elinkages_portal`, which may only read that
    partner's rows. Inside the same scope it nests as a savepoint; another scope raises OtherTenant.
    With `snapshot` every query sees the rows as they were at the first one. With `reads_only` the caller
    promises to write nothing that a deferred check would have to look at, which saves asking for it.
    """
    scope = Scope(msp_id, partner_id)
    if (outer := _scope.get()) is not None:
        if outer != scope:
            raise OtherTenant(f"Already working for {outer}; {scope} needs its own unit of work.")
        with transaction.atomic():
            yield
        return
    token = _scope.set(scope)
    is_nested = connection.in_atomic_block  # inside a test, whose transaction has its level already
    try:
        with transaction.atomic(durable=True):
            if is_nested:
                _execute(_settings(scope))
            else:
                _begin(f"{'BEGIN ISOLATION LEVEL REPEATABLE READ' if snapshot else 'BEGIN'}; {_settings(scope)}")
            yield
            if not reads_only and not connection.needs_rollback:
                # Deferred checks must run while their rows are still visible to this tenant.
                _execute("SET CONSTRAINTS ALL IMMEDIATE")
    finally:
        _scope.reset(token)
        _leave_inside_a_test()


def _begin(sql: str) -> None:
    """Open the transaction that psycopg would open by itself with the first statement, in one message with the rest.

    A round trip of its own for `BEGIN` would be a third of what a unit of work costs (docs/adr/0047).
    """
    with connection.wrap_database_errors:
        server = connection.connection.pgconn
        if server.exec_(sql.encode()).status != ExecStatus.COMMAND_OK:
            raise OperationalError(server.get_error_message())


def _settings(scope: Scope) -> str:
    """Statements without parameters, which would take Postgres a parse and a plan on top."""
    settings = [
        f"SET LOCAL elinkages.msp_id = '{_quotable(scope.msp_id)}'",
        f"SET LOCAL elinkages.partner_id = '{_quotable(scope.partner_id) if scope.partner_id else ''}'",
    ]
    if scope.partner_id is not None:
        settings.append("SET LOCAL ROLE elinkages_portal")
    return "; ".join(settings)


def _quotable(key: UUID) -> str:
    """A key as 32 digits, made of its number, which only a UUID has: nothing else becomes SQL by mistake."""
    return f"{key.int:032x}"


def _leave_inside_a_test() -> None:
    """A test's outer transaction would keep the settings: a released savepoint does not undo them."""
    if connection.in_atomic_block and not connection.needs_rollback:
        _execute("RESET ROLE")
        _execute("SELECT set_config('elinkages.msp_id', '', true), set_config('elinkages.partner_id', '', true)")
        _execute("SET CONSTRAINTS ALL DEFERRED")


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


MSP = "(SELECT elinkages_require_msp())"
"""Wrapped in a sub-select so that Postgres calls it once per statement, not once per row."""
PARTNER = "(SELECT elinkages_require_partner())"
OWN_PARTNER = f"partner_id = {PARTNER}"
"""The usual portal wall: rows that carry the partner's id."""


class TenantIsolation(SqlConstraint):
    """Row-level security: the serving role sees one MSP, the portal role one partner of it.

    `portal` is an SQL condition on the row, or "" for tables that the portal may not read at all.
    """

    arguments = ("portal",)
    create = f"""
        ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY;
        ALTER TABLE %(table)s FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON %(table)s TO elinkages_app, elinkages_owner
            USING (msp_id = {MSP}) WITH CHECK (msp_id = {MSP});
        REVOKE ALL ON %(table)s FROM elinkages_portal;
        %(door)s"""
    remove = """
        DROP POLICY tenant ON %(table)s;
        DROP POLICY IF EXISTS portal ON %(table)s;
        REVOKE ALL ON %(table)s FROM elinkages_portal"""

    def __init__(self, *, name: str, portal: str = "") -> None:
        super().__init__(name=name)
        self.portal = portal

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """The portal's policy and grant, where there is one."""
        if not self.portal:
            return {"door": ""}
        table = quote(model._meta.db_table)
        return {
            "door": f"CREATE POLICY portal ON {table} FOR SELECT TO elinkages_portal"
            f" USING (msp_id = {MSP} AND ({self.portal})); GRANT SELECT ON {table} TO elinkages_portal"
        }


def _lifted(quote: Quote, *tables: type[Model]) -> dict[str, str]:
    """Statements that let the owner see the rows of walled tables, and take that back.

    Postgres validates a new foreign key with a query, and while migrating no MSP is set.
    """
    walled = [
        quote(table._meta.db_table)
        for table in tables
        if any(isinstance(constraint, TenantIsolation) for constraint in table._meta.constraints)
    ]
    return {
        "lift": " ".join(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;" for table in walled),
        "force": " ".join(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;" for table in walled),
    }


class SameTenant(SqlConstraint):
    """FOREIGN KEY (msp_id, <field>_id) REFERENCES <parent> (msp_id, id): no row points at another MSP's."""

    arguments = ("field", "deferred")
    create = """
        %(lift)s
        ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (msp_id, %(column)s)
        REFERENCES %(parent)s (msp_id, id) %(timing)s;
        %(force)s"""
    remove = "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s"

    def __init__(self, *, name: str, field: str, deferred: bool = False) -> None:
        super().__init__(name=name)
        self.field = field
        self.deferred = deferred

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """Checked at once, unless the parent is written after its children in the same transaction."""
        field: Any = model._meta.get_field(self.field)
        return {
            **_lifted(quote, model, field.related_model),
            "column": quote(field.column),
            "parent": quote(field.related_model._meta.db_table),
            "timing": "DEFERRABLE INITIALLY DEFERRED" if self.deferred else "",
        }


class KeptReference(SqlConstraint):
    """What SameTenant promises, asked once per statement: for rows written by the thousand to rows that always stay.

    The parent is append-only, so that what was found at the insert is there for good, and nothing has to be locked
    (ADR 41). Columns of the fields in `alike` say the same on both rows.
    """

    arguments = ("field", "alike")
    create = """
        CREATE FUNCTION elinkages_%(raw)s() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- A scalar subquery over nothing but the parent's key, because it stays a search of that key, however the
            -- planner counts its rows: what has to be alike is compared, and no other index is of any use.
            IF EXISTS (SELECT FROM (SELECT DISTINCT %(columns)s FROM added WHERE %(column)s IS NOT NULL) child
                       WHERE (SELECT %(alike)s FROM %(parent)s parent
                              WHERE parent.msp_id = child.msp_id AND parent.id = child.%(column)s) IS NOT TRUE) THEN
                RAISE EXCEPTION '%% has no such %(of)s', TG_TABLE_NAME
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '%(raw)s';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER %(name)s AFTER INSERT ON %(table)s REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION elinkages_%(raw)s()"""
    remove = "DROP TRIGGER %(name)s ON %(table)s; DROP FUNCTION elinkages_%(raw)s()"

    def __init__(self, *, name: str, field: str, alike: Sequence[str] = ()) -> None:
        super().__init__(name=name)
        self.field = field
        self.alike = tuple(alike)

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """Both rows are of one MSP, and alike."""
        field: Any = model._meta.get_field(self.field)
        parent = field.related_model
        alike = {quote(column_of(model, name)): quote(column_of(parent, name)) for name in self.alike}
        return {
            "raw": self.name,
            "column": quote(field.column),
            "columns": ", ".join(("msp_id", quote(field.column), *alike)),
            "parent": quote(parent._meta.db_table),
            "of": parent._meta.db_table,
            "alike": " AND ".join(("true", *(f"parent.{there} = child.{here}" for here, there in alike.items()))),
        }


class OwnedByMsp(SqlConstraint):
    """A plain foreign key to the MSP, for tables that no composite key ties to one (decisions 18)."""

    create = """
        %(lift)s
        ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (msp_id) REFERENCES accounts_msp (id);
        %(force)s"""
    remove = "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s"

    def parts(self, model: type[Model], quote: Quote) -> Mapping[str, str]:
        """Only the child is walled; the MSP is not."""
        return _lifted(quote, model)


def walls(name: str, *, portal: str = "", references: tuple[str, ...] = (), key: bool = True) -> list[BaseConstraint]:
    """The walls of one tenant table, named after `name`.

    `references`: the fields that point at other tenant rows, each becomes a SameTenant key; a table
    with none belongs to the MSP directly. `key`: whether others may point at it by (msp, id).
    """
    constraints: list[BaseConstraint] = [TenantIsolation(name=f"{name}_isolated", portal=portal)]
    if key:
        constraints.append(models.UniqueConstraint(fields=["msp", "id"], name=f"{name}_tenant_key"))
    constraints += [SameTenant(field=field, name=f"{name}_{field}_same_msp") for field in references]
    if not references:
        constraints.append(OwnedByMsp(name=f"{name}_of_msp"))
    return constraints


_Row = TypeVar("_Row", bound=Model)


class TenantManager(models.Manager[_Row]):
    """The friendly wall: rows of the active MSP, or NoTenant at the line that forgot."""

    def get_queryset(self) -> models.QuerySet[_Row]:
        """Related rows are fetched for all peers at once, so that a loop costs two queries."""
        return super().get_queryset().filter(msp_id=current_msp_id()).fetch_mode(models.FETCH_PEERS)

    def none(self) -> models.QuerySet[_Row]:
        """No rows need no MSP: a form names its choices before it knows whose they are."""
        return super().get_queryset().none()


_To = TypeVar("_To")
_From = TypeVar("_From")


class TenantForeignKey(models.ForeignKey[_To, _From]):
    """A reference inside one MSP; its constraint is the composite key of `walls(references=…)`."""

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)


class TenantModel(models.Model):
    """A row of one MSP. Subclasses declare their walls and start every index with `msp`."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    msp = models.ForeignKey(
        "accounts.Msp",
        models.PROTECT,
        default=current_msp_id,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
