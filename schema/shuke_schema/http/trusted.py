"""Trusted documents: what a release of a client will ask, told to the service beforehand.

A manifest is a JSON file: `client`, `release`, `audience`, and `documents`, from the SHA-256 of a
text to the text. Several lie side by side in one folder, so that releases overlap. Requests then
name a document by its hash; as many documents as there are, so many are parsed and planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import orjson

from shuke_core.settings import Settings, SettingsError
from shuke_schema.http.errors import DocumentUntrusted
from shuke_schema.parts import Audience


class AsksForDocument(Protocol):
    """A request, over HTTP or a socket: it has a text, or else an id."""

    @property
    def query(self) -> str | None: ...

    @property
    def document_id(self) -> str | None: ...


PREFIX = "sha256:"  # of a document id, as GraphQL over HTTP has it


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents of one release of one client, by the hash of their text."""

    client: str
    release: str
    audience: Audience
    documents: Mapping[str, str]

    @property
    def file_name(self) -> str:
        return f"{self.client}-{self.release}.json"

    def written(self) -> bytes:
        """The manifest as its file has it."""
        shown = {
            "client": self.client,
            "release": self.release,
            "audience": self.audience.value,
            "documents": dict(sorted(self.documents.items())),
        }
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2) + b"\n"

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """The manifest in a file; raises SettingsError for one that can't be trusted."""
        try:
            told: dict[str, Any] = orjson.loads(path.read_bytes())
            made = cls(
                told["client"],
                told["release"],
                Audience(told["audience"]),
                {str(name): str(text) for name, text in told["documents"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise SettingsError(f"SHUKE_DOCUMENTS: {path.name} is no manifest ({fault}).") from None
        for name, text in made.documents.items():
            if name != hash_of(text):
                raise SettingsError(
                    f"SHUKE_DOCUMENTS: in {path.name} the document {name} has another text."
                )
        return made


def hash_of(text: str) -> str:
    """The SHA-256 of a document's text, in small hexadecimal letters."""
    return sha256(text.encode()).hexdigest()


def manifests(folder: Path | None) -> list[Manifest]:
    """All manifests of a folder; raises SettingsError when there is none or one is broken."""
    if folder is None:
        return []
    if not (found := sorted(folder.glob("*.json"))):
        raise SettingsError(f"SHUKE_DOCUMENTS: there is no manifest in {folder}.")
    return [Manifest.read(path) for path in found]


@dataclass(frozen=True, slots=True)
class Trusted:
    """Which documents an audience may send. `ad_hoc` lets in others as well, within the limits."""

    texts: Mapping[str, str] = field(default_factory=dict)
    ad_hoc: bool = True

    @classmethod
    def by(cls, settings: Settings, audience: Audience, *, ad_hoc: bool = False) -> "Trusted":
        """What the manifests say. Without one for this audience, in a demo, in tests, and to whom
        `ad_hoc` is allowed anyway, any document may be sent."""
        texts = {
            name: text
            for each in manifests(settings.documents)
            if each.audience is audience
            for name, text in each.documents.items()
        }
        return cls(texts, ad_hoc or not texts or settings.env in ("demo", "test"))

    def text_of(self, asked: AsksForDocument) -> tuple[str, bool]:
        """The text of the document that is asked for, and whether it is a trusted one.

        Raises DocumentUntrusted for an unknown id, and for a text that may not be sent.
        """
        if asked.query is None:
            text = self.texts.get(str(asked.document_id).removeprefix(PREFIX))
            if text is None:
                raise DocumentUntrusted()
            return text, True
        known = bool(self.texts) and hash_of(asked.query) in self.texts
        if not known and not self.ad_hoc:
            raise DocumentUntrusted()
        return asked.query, known
