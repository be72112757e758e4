"""The enums of rights as the API names them; whoever shows or takes one imports it from here."""

import strawberry

from shuke_core.access.rights import FieldClass, Scope

__all__ = ["FieldClass", "Scope"]

strawberry.enum(FieldClass, name="FieldClass", description="How closely a field is kept.")
strawberry.enum(Scope, name="Scope", description="Whose rows a permission holds for.")
