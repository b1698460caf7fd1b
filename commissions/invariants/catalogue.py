"""The invariants as queries: each gives a row (what, detail) for everything that is wrong, and none when all is well.

The numbers are those of docs/adr (restated from the design): I01, I03 and I04 hold by construction, because a posting
is one row with two accounts and no balance is stored; I08 is kept by a trigger and follows from I07.
"""

from typing import Final, NamedTuple


class Invariant(NamedTuple):
    """A statement that is true at any time, and the query that looks for what breaks it."""

    code: str
    statement: str
    query: str


_LEGS: Final = """
    legs AS (
        SELECT partner_id, debit AS account, minor FROM commissions_posting WHERE msp_id = %(msp)s
        UNION ALL SELECT partner_id, credit, -minor FROM commissions_posting WHERE msp_id = %(msp)s)"""


def _balance(account: str, expected: str) -> str:
    """Partners whose balance of `account` (a debit is positive) is not what `expected` (partner_id, minor) gives."""
    return f"""
    WITH {_LEGS},
    booked AS (SELECT partner_id, sum(minor) AS minor FROM legs WHERE account = '{account}' GROUP BY 1),
    expected AS (SELECT partner_id, sum(minor) AS minor FROM ({expected}) one GROUP BY 1)
    SELECT partner_id::text, format('%%s in the books, %%s expected', coalesce(b.minor, 0), coalesce(e.minor, 0))
    FROM booked b FULL JOIN expected e USING (partner_id) WHERE coalesce(b.minor, 0) <> coalesce(e.minor, 0)"""


def _entries(stages: str, sign: str) -> str:
    return f"""SELECT partner_id, {sign}minor AS minor FROM commissions_entry
        WHERE msp_id = %(msp)s AND stage IN ({stages})"""


def _payouts(states: str) -> str:
    return f"SELECT partner_id, -minor AS minor FROM commissions_payout WHERE msp_id = %(msp)s AND state IN ({states})"


LEDGER: Final = (
    Invariant(
        "I02",
        "every journal has the postings that its header counts",
        """
        SELECT j.source, format('%%s counted, %%s there', j.postings_count, count(p.id))
        FROM commissions_journal j
            LEFT JOIN commissions_posting p ON p.msp_id = %(msp)s AND p.journal_id = j.id
        WHERE j.msp_id = %(msp)s GROUP BY j.id, j.source, j.postings_count HAVING count(p.id) <> j.postings_count""",
    ),
    Invariant(
        "I05",
        "journals are numbered from 1 without a gap",
        """
        SELECT 'journals', format('%%s journals, numbered %%s to %%s', count(*), min(seq), max(seq))
        FROM commissions_journal WHERE msp_id = %(msp)s HAVING min(seq) <> 1 OR max(seq) <> count(*)""",
    ),
    Invariant("I09", "accrued is what entries say is accrued", _balance("accrued", _entries("'accrued'", "-"))),
    Invariant("I10", "payable is what entries say is payable", _balance("payable", _entries("'payable'", "-"))),
    Invariant(
        "I11", "in transit is what is reserved or sent", _balance("in_transit", _payouts("'reserved', 'submitted'"))
    ),
    Invariant(
        "I12",
        "cash that left is what was paid in money",
        _balance("cash", f"{_payouts("'paid'")} AND paid_in = 'money'"),
    ),
    Invariant(
        "I13",
        "the expense is what was earned and not voided",
        _balance("expense", _entries("'accrued', 'payable', 'reserved', 'paid'", "")),
    ),
)

ENTRIES: Final = (
    Invariant(
        "I07",
        "an entry's stage agrees with its postings",
        """
        SELECT e.id::text, format('stage %%s, accrued %%s, payable %%s of %%s', e.stage, l.accrued, l.payable, e.minor)
        FROM commissions_entry e LEFT JOIN (
            SELECT entry_id,
                sum(CASE 'accrued' WHEN credit THEN minor WHEN debit THEN -minor ELSE 0 END) AS accrued,
                sum(CASE 'payable' WHEN credit THEN minor WHEN debit THEN -minor ELSE 0 END) AS payable
            FROM commissions_posting WHERE msp_id = %(msp)s AND entry_id IS NOT NULL GROUP BY entry_id
        ) l ON l.entry_id = e.id
        WHERE e.msp_id = %(msp)s AND (coalesce(l.accrued, 0), coalesce(l.payable, 0)) IS DISTINCT FROM
            CASE e.stage WHEN 'accrued' THEN (e.minor::numeric, 0::numeric)
                WHEN 'void' THEN (0::numeric, 0::numeric) ELSE (0::numeric, e.minor::numeric) END""",
    ),
    Invariant(
        "I20",
        "the computations of a key are numbered from 1 without a gap",
        """
        SELECT format('%%s %%s %%s', contract_id, component, earning_month),
            format('%%s rows, up to %%s', count(*), max(seq))
        FROM commissions_pool WHERE msp_id = %(msp)s AND contract_id IS NOT NULL
        GROUP BY contract_id, component, earning_month HAVING count(*) <> max(seq) - min(seq) + 1""",
    ),
    Invariant(
        "I21",
        "every entry was accrued for its own amount, once",
        """
        SELECT e.id::text, format('%%s accrued for %%s', coalesce(sum(p.minor), 0), e.minor) FROM commissions_entry e
            LEFT JOIN commissions_posting p ON p.msp_id = %(msp)s AND p.entry_id = e.id AND p.debit = 'expense'
        WHERE e.msp_id = %(msp)s GROUP BY e.id, e.minor
        HAVING count(p.id) <> 1 OR sum(p.minor) <> e.minor""",
    ),
    Invariant(
        "I25",
        "the entries of a key add up to the shared part of its newest computation",
        """
        WITH newest AS (
            SELECT DISTINCT ON (contract_id, component, earning_month)
                contract_id, component, earning_month, shared_minor
            FROM commissions_pool WHERE msp_id = %(msp)s AND contract_id IS NOT NULL
            ORDER BY contract_id, component, earning_month, seq DESC),
        posted AS (
            SELECT pool.contract_id, pool.component, pool.earning_month, sum(entry.minor) AS minor
            FROM commissions_entry entry JOIN commissions_pool pool ON pool.msp_id = %(msp)s AND pool.id = entry.pool_id
            WHERE entry.msp_id = %(msp)s AND entry.stage <> 'void' AND pool.contract_id IS NOT NULL GROUP BY 1, 2, 3)
        SELECT format('%%s %%s %%s', contract_id, component, earning_month),
            format('%%s posted, %%s computed', coalesce(minor, 0), coalesce(shared_minor, 0))
        FROM newest FULL JOIN posted USING (contract_id, component, earning_month)
        WHERE coalesce(minor, 0) <> coalesce(shared_minor, 0)""",
    ),
    Invariant(
        "S02",
        "an opening balance is one whole computation of its own, and a partner has one at most",
        """
        SELECT e.partner_id::text, format('%%s entries, %%s of %%s', count(*), sum(e.minor), sum(p.shared_minor))
        FROM commissions_entry e JOIN commissions_pool p ON p.msp_id = %(msp)s AND p.id = e.pool_id
        WHERE e.msp_id = %(msp)s AND e.kind = 'opening' AND e.stage <> 'void' GROUP BY e.partner_id
        HAVING count(*) > 1 OR bool_or(p.contract_id IS NOT NULL OR p.component <> 'opening'
            OR e.minor <> p.shared_minor OR p.shared_minor <> p.amount_minor)""",
    ),
    Invariant(
        "S01",
        "the shares of a referral are 10,000 basis points at most",
        """
        SELECT referral_id::text, sum(basis_points)::text FROM referrals_credit
        WHERE msp_id = %(msp)s GROUP BY referral_id HAVING sum(basis_points) > 10000""",
    ),
    Invariant(
        "S08",
        "a contract of a referred client counts as without a plan until one is pinned, and no other contract does",
        """
        SELECT c.id::text, CASE WHEN c.is_without_plan THEN 'marked' ELSE 'not marked' END FROM referrals_contract c
            JOIN referrals_client client ON client.msp_id = %(msp)s AND client.id = c.client_id
            LEFT JOIN commissions_pin p ON p.msp_id = %(msp)s AND p.contract_id = c.id
        WHERE c.msp_id = %(msp)s AND c.is_without_plan <> (client.referral_id IS NOT NULL AND p.id IS NULL)""",
    ),
    Invariant(
        "I22",
        "the versions of a plan never overlap",
        """
        SELECT a.plan_id::text, format('versions %%s and %%s', a.number, b.number) FROM commissions_planversion a
            JOIN commissions_planversion b ON b.msp_id = a.msp_id AND b.plan_id = a.plan_id AND a.number < b.number
                AND daterange(a.valid_from, a.valid_until) && daterange(b.valid_from, b.valid_until)
        WHERE a.msp_id = %(msp)s""",
    ),
)

_REWARDS: Final = """
    rewards AS (
        SELECT version.id AS version_id, part ->> 'kind' AS component, part ->> 'base' AS base,
            part ->> 'trigger' AS trigger, (part ->> 'months')::int AS months,
            (part ->> 'cap_per_month_minor')::bigint AS of_month, (part ->> 'cap_lifetime_minor')::bigint AS of_all,
            (part ->> 'cap_year_minor')::bigint AS of_year
        FROM commissions_planversion version,
            jsonb_array_elements(coalesce(version.terms -> 'parts', jsonb_build_array(version.terms))) part
        WHERE version.msp_id = %(msp)s),
    newest AS (
        SELECT DISTINCT ON (contract_id, component, earning_month)
            contract_id, component, earning_month, plan_version_id AS version_id, amount_minor
        FROM commissions_pool WHERE msp_id = %(msp)s AND contract_id IS NOT NULL AND plan_version_id IS NOT NULL
        ORDER BY contract_id, component, earning_month, seq DESC)"""
"""What every version promises, part by part, and the newest computation of every month."""

PROMISES: Final = (
    Invariant(
        "I29",
        "no month, no contract and no partner's year earned more than its cap",
        f"""
        WITH {_REWARDS}
        SELECT format('%%s %%s %%s', n.contract_id, n.component, n.earning_month),
            format('%%s in a month capped at %%s', n.amount_minor, r.of_month)
        FROM newest n JOIN rewards r USING (version_id, component) WHERE n.amount_minor > r.of_month
        UNION ALL
        SELECT format('%%s %%s', n.contract_id, n.component),
            format('%%s in all, capped at %%s', sum(n.amount_minor), max(r.of_all))
        FROM newest n JOIN rewards r USING (version_id, component)
        GROUP BY n.contract_id, n.component
        HAVING count(*) = count(r.of_all) AND sum(n.amount_minor) > max(r.of_all)
        UNION ALL
        SELECT format('partner %%s in %%s', partner_id, year),
            format('%%s in a year capped at %%s', sum(minor), max(cap))
        FROM (
            SELECT e.partner_id, e.minor, v.plan_id, date_part('year', e.earning_month) AS year, capped.cap,
                c.revision = c.accrued_revision AS is_computed
            FROM commissions_entry e JOIN commissions_pool p ON p.msp_id = %(msp)s AND p.id = e.pool_id
                JOIN referrals_contract c ON c.msp_id = %(msp)s AND c.id = p.contract_id
                JOIN commissions_pin i ON i.msp_id = %(msp)s AND i.contract_id = c.id
                JOIN commissions_planversion v ON v.msp_id = %(msp)s AND v.id = i.plan_version_id
                JOIN (SELECT version.plan_id, max(r.of_year) AS cap
                    FROM rewards r JOIN commissions_planversion version
                        ON version.msp_id = %(msp)s AND version.id = r.version_id
                    GROUP BY version.plan_id HAVING count(*) = count(r.of_year)) capped ON capped.plan_id = v.plan_id
            WHERE e.msp_id = %(msp)s AND e.stage <> 'void') earned
        GROUP BY partner_id, plan_id, year HAVING bool_and(is_computed) AND sum(minor) > max(cap)""",
    ),
    Invariant(
        "I30",
        "nothing is earned on MRR after the client left or the term ended",
        f"""
        WITH {_REWARDS}
        SELECT format('%%s %%s %%s', n.contract_id, n.component, n.earning_month),
            format('%%s earned, service until %%s', n.amount_minor, coalesce(c.ends_on::text, 'further notice'))
        FROM newest n JOIN rewards r USING (version_id, component)
            JOIN referrals_contract c ON c.msp_id = %(msp)s AND c.id = n.contract_id
            JOIN commissions_pin pin ON pin.msp_id = %(msp)s AND pin.contract_id = c.id
        WHERE n.amount_minor <> 0 AND n.component IN ('percent', 'tiered') AND r.base = 'contracted'
            AND c.revision = c.accrued_revision
            AND (n.earning_month >= c.ends_on OR (
                n.earning_month > CASE r.trigger WHEN 'won' THEN pin.won_on WHEN 'service_start' THEN c.starts_on
                    ELSE c.first_paid_on END + make_interval(months => r.months)
                AND NOT EXISTS (SELECT 1 FROM referrals_mrrmovement m
                    WHERE m.msp_id = %(msp)s AND m.contract_id = c.id AND m.kind = 'pause')))""",
    ),
    Invariant(
        "I31",
        "no more is taken back for a contract than was earned",
        """
        SELECT format('%%s of %%s', pool.contract_id, entry.partner_id), format('%%s in all', sum(entry.minor))
        FROM commissions_entry entry JOIN commissions_pool pool ON pool.msp_id = %(msp)s AND pool.id = entry.pool_id
        WHERE entry.msp_id = %(msp)s AND entry.stage <> 'void' AND pool.contract_id IS NOT NULL
        GROUP BY pool.contract_id, entry.partner_id HAVING sum(entry.minor) < 0""",
    ),
)

PAYOUTS: Final = (
    Invariant(
        "I14",
        "a payout is the sum of its items, and an item is its entry's amount",
        """
        SELECT format('payout %%s', p.number), format('%%s promised, items %%s', p.minor, coalesce(sum(i.minor), 0))
        FROM commissions_payout p
            LEFT JOIN commissions_payoutitem i ON i.msp_id = %(msp)s AND i.payout_id = p.id
            LEFT JOIN commissions_entry e ON e.msp_id = %(msp)s AND e.id = i.entry_id
        WHERE p.msp_id = %(msp)s GROUP BY p.id, p.number, p.minor
        HAVING coalesce(sum(i.minor), 0) <> p.minor
            OR bool_or((i.minor, p.partner_id, p.currency) IS DISTINCT FROM (e.minor, e.partner_id, e.currency))""",
    ),
    Invariant(
        "I15",
        "an entry that is being paid or was paid is in exactly one live payout, any other in one at most",
        """
        SELECT e.id::text, format('%%s, in %%s live payouts', e.stage, count(i.id)) FROM commissions_entry e
            LEFT JOIN commissions_payoutitem i ON i.msp_id = %(msp)s AND i.entry_id = e.id AND i.released_at IS NULL
        WHERE e.msp_id = %(msp)s GROUP BY e.id, e.stage
        HAVING NOT CASE WHEN e.stage IN ('reserved', 'paid') THEN count(i.id) = 1
            WHEN e.stage = 'payable' THEN count(i.id) <= 1 ELSE count(i.id) = 0 END""",
    ),
    Invariant(
        "I16",
        "an entry's stage agrees with the state of its payout",
        """
        SELECT e.id::text, format('entry %%s in payout %%s, which is %%s', e.stage, p.number, p.state)
        FROM commissions_payoutitem i
            JOIN commissions_payout p ON p.msp_id = %(msp)s AND p.id = i.payout_id
            JOIN commissions_entry e ON e.msp_id = %(msp)s AND e.id = i.entry_id
        WHERE i.msp_id = %(msp)s AND i.released_at IS NULL AND e.stage <> CASE
            WHEN p.state IN ('draft', 'approved') THEN 'payable'
            WHEN p.state IN ('reserved', 'submitted') THEN 'reserved'
            WHEN p.state = 'paid' THEN 'paid' ELSE 'released' END""",
    ),
    Invariant(
        "I17",
        "a payout has at most one live attempt, and one that was paid has exactly one, with a reference",
        """
        SELECT format('payout %%s', p.number), p.state FROM commissions_payout p
            LEFT JOIN commissions_payoutattempt a ON a.msp_id = %(msp)s AND a.payout_id = p.id
        WHERE p.msp_id = %(msp)s GROUP BY p.id, p.number, p.state
        HAVING count(a.id) FILTER (WHERE a.state IN ('intended', 'sent', 'unknown', 'succeeded')) > 1
            OR p.state = 'paid'
                AND count(a.id) FILTER (WHERE a.state = 'succeeded' AND a.provider_reference <> '') <> 1""",
    ),
    Invariant(
        "I18",
        "nothing was sent without the approval of a second person, or of an owner who waived it on record",
        """
        SELECT format('payout %%s', p.number), 'sent without approval' FROM commissions_payout p
            JOIN commissions_payoutrun r ON r.msp_id = %(msp)s AND r.id = p.run_id
        WHERE p.msp_id = %(msp)s AND p.state NOT IN ('draft', 'canceled')
            AND (r.approved_by_id IS NULL OR r.approved_by_id = r.opened_by_id AND r.one_person_reason = '')""",
    ),
    Invariant(
        "I19",
        "what was asked of a rail is what was promised",
        """
        SELECT a.key, format('%%s asked, %%s promised', a.request ->> 'minor', p.minor) FROM commissions_payoutattempt a
            JOIN commissions_payout p ON p.msp_id = %(msp)s AND p.id = a.payout_id
        WHERE a.msp_id = %(msp)s AND (a.request ->> 'minor' IS DISTINCT FROM p.minor::text
            OR a.request ->> 'currency' IS DISTINCT FROM p.currency)""",
    ),
    Invariant(
        "I24",
        "a payout that failed, was canceled or came back left every amount where it came from",
        """
        SELECT format('payout %%s', p.number), format('%%s at %%s', sum(l.minor), l.account) FROM commissions_payout p
            JOIN (SELECT payout_id, debit AS account, minor FROM commissions_posting
                    WHERE msp_id = %(msp)s AND payout_id IS NOT NULL
                UNION ALL SELECT payout_id, credit, -minor FROM commissions_posting
                    WHERE msp_id = %(msp)s AND payout_id IS NOT NULL) l ON l.payout_id = p.id
        WHERE p.msp_id = %(msp)s AND p.state IN ('failed', 'canceled', 'returned')
        GROUP BY p.id, p.number, l.account HAVING sum(l.minor) <> 0""",
    ),
)

_LIVE_USES: Final = """
    live AS (
        SELECT use.payout_id, application.partner_id, use.minor FROM commissions_credituse use
            JOIN commissions_creditapplication application ON application.msp_id = %(msp)s
                AND application.id = use.application_id AND application.undone_at IS NULL
        WHERE use.msp_id = %(msp)s)"""

CREDITS: Final = (
    Invariant(
        "S03",
        "the account of service credit is, credit by credit, what was given less what was applied to invoices",
        f"""
        WITH {_LIVE_USES},
        booked AS (
            SELECT payout_id, sum(CASE 'credit' WHEN credit THEN minor WHEN debit THEN -minor ELSE 0 END) AS minor
            FROM commissions_posting WHERE msp_id = %(msp)s AND payout_id IS NOT NULL
                AND (credit = 'credit' OR debit = 'credit') GROUP BY 1),
        expected AS (
            SELECT p.id AS payout_id, p.minor - coalesce((SELECT sum(l.minor) FROM live l WHERE l.payout_id = p.id), 0)
                AS minor
            FROM commissions_payout p WHERE p.msp_id = %(msp)s AND p.paid_in = 'credit' AND p.state = 'paid')
        SELECT payout_id::text, format('%%s in the books, %%s open', coalesce(b.minor, 0), coalesce(e.minor, 0))
        FROM booked b FULL JOIN expected e USING (payout_id) WHERE coalesce(b.minor, 0) <> coalesce(e.minor, 0)""",
    ),
    Invariant(
        "S04",
        "what was applied to invoices is what applications of service credit say",
        _balance(
            "invoices",
            "SELECT partner_id, -minor AS minor FROM commissions_creditapplication"
            " WHERE msp_id = %(msp)s AND undone_at IS NULL",
        ),
    ),
    Invariant(
        "S05",
        "an application of service credit is the sum of its uses, out of credits that its partner was given",
        """
        SELECT a.number::text, format('%%s applied, uses of %%s', a.minor, coalesce(sum(u.minor), 0))
        FROM commissions_creditapplication a
            LEFT JOIN commissions_credituse u ON u.msp_id = %(msp)s AND u.application_id = a.id
            LEFT JOIN commissions_payout p ON p.msp_id = %(msp)s AND p.id = u.payout_id
        WHERE a.msp_id = %(msp)s GROUP BY a.id, a.number, a.minor
        HAVING coalesce(sum(u.minor), 0) <> a.minor OR bool_or(
            (p.partner_id, p.currency, p.paid_in) IS DISTINCT FROM (a.partner_id, a.currency, 'credit')
            OR a.undone_at IS NULL AND p.state <> 'paid')""",
    ),
    Invariant(
        "S06",
        "no credit is used up beyond what was given",
        f"""
        WITH {_LIVE_USES}
        SELECT format('payout %%s', p.number), format('%%s used of %%s', sum(l.minor), p.minor)
        FROM commissions_payout p JOIN live l ON l.payout_id = p.id
        WHERE p.msp_id = %(msp)s GROUP BY p.number, p.minor HAVING sum(l.minor) > p.minor""",
    ),
    Invariant(
        "S07",
        "a payout is paid in what its run's rail pays in, and so is every entry in it",
        """
        SELECT format('payout %%s', p.number), format('%%s in a run of %%s', p.paid_in, r.rail)
        FROM commissions_payout p JOIN commissions_payoutrun r ON r.msp_id = %(msp)s AND r.id = p.run_id
        WHERE p.msp_id = %(msp)s AND (p.paid_in <> CASE r.rail WHEN 'credit' THEN 'credit' ELSE 'money' END
            OR EXISTS (SELECT 1 FROM commissions_payoutitem i
                JOIN commissions_entry e ON e.msp_id = %(msp)s AND e.id = i.entry_id
                WHERE i.msp_id = %(msp)s AND i.payout_id = p.id AND e.paid_in <> p.paid_in))""",
    ),
)

INVARIANTS: Final = (*LEDGER, *ENTRIES, *PROMISES, *PAYOUTS, *CREDITS)
