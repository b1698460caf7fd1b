"""How the history of an import tells what was done."""

from elinkages.audit.sentences import register

register(
    {
        "import.uploaded": "{who} uploaded this file with {rows:row}",
        "import.sheet_chosen": "{who} chose the sheet {sheet}",
        "import.columns_chosen": "{who} chose {columns:column}",
        "import.started": "{who} started to import {rows:row}",
        "import.finished": "All rows are done",
        "import.failed": "The check was given up",
        "import.undo_started": "{who} started to take {rows:row} back",
        "import.undone": "Everything that could be taken back is",
        "partner.removed": "{who} removed this partner",
        "import.discarded": "{who} discarded this file before anything was imported",
        "partner.recognized": "{who} noted their id in your system, {id}",
    }
)
