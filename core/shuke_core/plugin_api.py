"""The façade of the domain for plugins: what is not imported from here is private."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a plugin says of itself; its entry point in the group `shuke.plugins` names one of these.

    `key` is stable for ever and prefixes the plugin's tables and permissions. `label` maps a
    language ("zh", "en") to the name a tenant's administrator reads. `hosts` is the range of
    Shuke versions the plugin works with, as a PEP 440 specifier.
    """

    key: str
    label: dict[str, str]
    version: str
    hosts: str


__all__ = ["Plugin"]
