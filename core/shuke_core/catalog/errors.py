"""What can go wrong with the catalogue."""

from shuke_core.kit.errors import ShukeError


class ItemUnknown(ShukeError):
    code = "ITEM_UNKNOWN"
    sentence = "There is no such item."


class ItemCodeTaken(ShukeError):
    code = "ITEM_CODE_TAKEN"
    sentence = "There is an item of that code already; a code is one item's for ever."


class ItemInvalid(ShukeError):
    code = "ITEM_INVALID"
    sentence = "{field} can't be read: {why}."


class ItemChanged(ShukeError):
    code = "ITEM_CHANGED"
    sentence = "Somebody has changed the item meanwhile: it is at version {version}."


class ItemStateRefused(ShukeError):
    code = "ITEM_STATE_REFUSED"
    sentence = (
        "What has been on offer is no draft again: off sale or retired. What is retired stays so: "
        "enter it anew under another code."
    )


class ItemSearchInvalid(ShukeError):
    code = "ITEM_SEARCH_INVALID"
    sentence = "Items are looked for by category, by name or by code: one of them at a time."


class CategoryUnknown(ShukeError):
    code = "CATEGORY_UNKNOWN"
    sentence = "There is no such category."


class CategoryInvalid(ShukeError):
    code = "CATEGORY_INVALID"
    sentence = "A category has a name of 1 to {longest} legible characters, without {separators}."


class CategoryPlaceInvalid(ShukeError):
    code = "CATEGORY_PLACE_INVALID"
    sentence = "A place among siblings is a number from 0 to {most}."


class CategoryNameTaken(ShukeError):
    code = "CATEGORY_NAME_TAKEN"
    sentence = "There is a category of that name beside it already."


class CategoryCyclic(ShukeError):
    code = "CATEGORY_CYCLIC"
    sentence = "A category can't be put below itself."


class CategoryTooDeep(ShukeError):
    code = "CATEGORY_TOO_DEEP"
    sentence = "Categories are at most {most} deep."


class CategoriesTooMany(ShukeError):
    code = "CATEGORIES_TOO_MANY"
    sentence = "There is room for {most} categories {where}."


class CategoryInUse(ShukeError):
    code = "CATEGORY_IN_USE"
    sentence = "The category still has categories below it, or items."
