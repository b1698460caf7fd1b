"""I06: the hash chain recomputes from the stored rows."""

from typing import Final

from commissions.ledger import HASHED, LINES

CHAIN: Final = f"""
WITH body AS (
    SELECT p.journal_id, count(*) AS count, {LINES} AS lines
    FROM commissions_posting p WHERE p.msp_id = %(msp)s GROUP BY p.journal_id),
linked AS (
    SELECT j.*, lag(j.hash, 1, %(genesis)s) OVER (ORDER BY j.seq) AS before, body.count, body.lines
    FROM commissions_journal j LEFT JOIN body ON body.journal_id = j.id WHERE j.msp_id = %(msp)s)
SELECT j.source, CASE WHEN j.prev_hash <> j.before THEN 'does not follow its predecessor'
    ELSE 'does not say what was hashed' END
FROM linked j WHERE j.prev_hash <> j.before OR j.lines IS NULL OR j.hash <> {
    HASHED
    % {
        "prev": "j.prev_hash",
        "msp": "j.msp_id",
        "seq": "j.seq",
        "source": "j.source",
        "kind": "j.kind",
        "effective": "j.effective_on",
        "count": "j.count",
        "lines": "j.lines",
    }
}"""
