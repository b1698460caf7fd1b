"""The ledger: batches of double-entry postings, append-only and chained by hash (decisions 9)."""

from django.db import models
from django.db.models import Q

from commissions.models.entry import Entry
from commissions.models.payout import Payout
from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import KeptReference, TenantForeignKey, TenantModel, walls
from partners.models import Partner


class Account(models.TextChoices):
    """Where money is said to be. One per stage, so that a stuck payout is a balance that is not zero."""

    EXPENSE = "expense", "Commission expense"
    ACCRUED = "accrued", "Accrued"
    PAYABLE = "payable", "Payable"
    IN_TRANSIT = "in_transit", "In transit"
    CASH = "cash", "Cash"
    CREDIT = "credit", "Service credit"
    INVOICES = "invoices", "Applied to invoices"


class Journal(TenantModel):
    """A batch of postings made for one reason. `source` is its idempotency key in words, `seq` is gap-free.

    `hash` = sha256(prev_hash || what the batch says); `ledger.HASHED` is the one place that spells it out.
    """

    seq = models.BigIntegerField()
    source = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    effective_on = models.DateField()
    posted_at = models.DateTimeField()
    posted_by_name = models.CharField(max_length=200)
    postings_count = models.IntegerField()
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("journal"),
            AppendOnly(name="journal_append_only"),
            models.UniqueConstraint(fields=["msp", "seq"], name="journal_seq_once"),
            models.UniqueConstraint(fields=["msp", "source"], name="journal_source_once"),
            models.CheckConstraint(condition=Q(seq__gte=1, postings_count__gte=1), name="journal_counts_positive"),
        ]

    def __str__(self) -> str:
        return f"Journal {self.seq}: {self.source}"


class WholeJournals(KeptReference):
    """A journal and all its postings are written by one statement: none can be missing, or added to an old batch."""

    create = """
        CREATE FUNCTION elinkages_refuse_partial_journals() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM (SELECT DISTINCT msp_id, journal_id FROM added) a
                       WHERE (SELECT j.postings_count FROM commissions_journal j
                              WHERE j.msp_id = a.msp_id AND j.id = a.journal_id)
                         IS DISTINCT FROM (SELECT count(*) FROM commissions_posting p
                              WHERE p.msp_id = a.msp_id AND p.journal_id = a.journal_id)) THEN
                RAISE EXCEPTION 'a journal has the postings that its header counts, from the beginning'
                    USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER %(name)s AFTER INSERT ON %(table)s REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION elinkages_refuse_partial_journals()"""
    remove = "DROP TRIGGER %(name)s ON %(table)s; DROP FUNCTION elinkages_refuse_partial_journals()"


class Posting(TenantModel):
    """`minor` moves from the credit account to the debit account: zero-sum by construction.

    It is for an entry or for a payout, and always for one partner. Negative amounts move the other way.
    """

    journal = TenantForeignKey(Journal, related_name="postings")
    debit = models.CharField(max_length=10, choices=Account.choices)
    credit = models.CharField(max_length=10, choices=Account.choices)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    partner = TenantForeignKey(Partner, related_name="+")
    entry = TenantForeignKey(Entry, null=True, related_name="postings")
    payout = TenantForeignKey(Payout, null=True, related_name="postings")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("posting", references=("payout",), key=False),
            KeptReference(field="entry", alike=("partner",), name="posting_entry_kept"),
            KeptReference(field="payout", alike=("partner",), name="posting_payout_kept"),
            AppendOnly(name="posting_append_only"),
            WholeJournals(field="journal", name="posting_whole_journals"),
            one_of("debit", Account.values, name="posting_debit_known"),
            one_of("credit", Account.values, name="posting_credit_known"),
            models.CheckConstraint(condition=~Q(minor=0), name="posting_not_zero"),
            models.CheckConstraint(condition=~Q(debit=models.F("credit")), name="posting_two_accounts"),
            models.CheckConstraint(
                condition=Q(entry__isnull=False, payout__isnull=True) | Q(entry__isnull=True, payout__isnull=False),
                name="posting_of_one",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "journal"], name="posting_journal"),
            models.Index(fields=["msp", "entry"], condition=Q(entry__isnull=False), name="posting_entry"),
            models.Index(fields=["msp", "payout"], condition=Q(payout__isnull=False), name="posting_payout"),
        ]

    def __str__(self) -> str:
        return f"{self.debit} from {self.credit}: {self.minor} {self.currency}"
