"""The APIs of the catalogue: members browse what is on sale, staff see and change all of it."""
