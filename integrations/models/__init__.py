"""How news arrives: imports of what an MSP keeps in spreadsheets today."""

from integrations.models.spreadsheet import Fate, Import, ImportKind, ImportRow, ImportState, Undo

__all__ = ["Fate", "Import", "ImportKind", "ImportRow", "ImportState", "Undo"]
