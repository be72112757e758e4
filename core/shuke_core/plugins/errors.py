"""What can go wrong with plugins."""

from shuke_core.kit.errors import ShukeError


class PluginUnknown(ShukeError):
    code = "PLUGIN_UNKNOWN"
    sentence = "No plugin {key!r} is installed; installed are: {installed}."


class PluginSettingsInvalid(ShukeError):
    code = "PLUGIN_SETTINGS_INVALID"
    sentence = "The settings of {key} can't be taken: {problem}"


class PluginRefused(ShukeError):
    code = "PLUGIN_REFUSED"
    sentence = "The plugin {key!r} can't be loaded: {problem}"


class PluginFailed(ShukeError):
    code = "PLUGIN_FAILED"
    sentence = "The plugin {key} could not answer this; its failure is noted."
