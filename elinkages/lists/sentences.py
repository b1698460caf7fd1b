"""How the history of a file, a view or a change of many rows tells what was done."""

from elinkages.audit.sentences import register

register(
    {
        "export.asked": "{who} asked for {rows:row} as a file",
        "export.fetched": "{who} downloaded the file",
        "export.failed": "The file could not be written",
        "view.shared": "{who} shared this view with everybody",
        "view.unshared": "{who} stopped sharing this view",
        "view.deleted": "{who} deleted this view",
        "change.started": "{who} began to change {rows:row}",
        "change.undone": "{who} began to take it back",
    }
)
