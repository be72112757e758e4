"""What of imports can be watched live, by staff who may run them."""

from shuke_core.imports.events import ImportChanged
from shuke_core.live.topics import Topic, declare_topic

IMPORTS = declare_topic(
    Topic(
        "imports",
        frozenset({ImportChanged.type}),
        key="import_id",
        row=("file_import", "import_id"),
    )
)
