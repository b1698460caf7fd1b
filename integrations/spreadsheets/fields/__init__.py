"""What each kind of spreadsheet can say, and by which headers people call it."""

from integrations.models import ImportKind
from integrations.spreadsheets.fields.billing import CREDITS, INVOICES, PAYMENTS
from integrations.spreadsheets.fields.clients import CLIENTS, OPENING
from integrations.spreadsheets.fields.field import (
    AMOUNT,
    CHOICE,
    CURRENCY_CODE,
    DAY,
    EMAIL,
    NAME,
    SIGNED,
    TEXT,
    WEBSITE,
    Field,
)
from integrations.spreadsheets.fields.partners import PARTNERS
from integrations.spreadsheets.fields.referrals import REFERRALS

__all__ = ["AMOUNT", "CHOICE", "CURRENCY_CODE", "DAY", "EMAIL", "FIELDS", "NAME", "SIGNED", "TEXT", "WEBSITE", "Field"]

FIELDS: dict[str, tuple[Field, ...]] = {
    ImportKind.PARTNERS: PARTNERS,
    ImportKind.REFERRALS: REFERRALS,
    ImportKind.CLIENTS: CLIENTS,
    ImportKind.OPENING: OPENING,
    ImportKind.INVOICES: INVOICES,
    ImportKind.PAYMENTS: PAYMENTS,
    ImportKind.CREDITS: CREDITS,
}
