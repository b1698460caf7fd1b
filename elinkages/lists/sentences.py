"""How the history of a file, a view or a change of many rows tells what was done."""

from elinkages.audit.sentences import register

register(
    {
        "export.asked": "{who} asked for {rows:row} as a file",
        "export.fetched": "{who} downloaded the file",
        "export.failed": "The file could not be written",
        "view.shared": "{who} shared this view with everyone",
        "view.unshared": "{who} stopped sharing this view",
        "view.deleted": "{who} deleted this view",
        "change.started": "{who} started changing {rows:row}",
        "change.undone": "{who} started undoing it",
    }
)
