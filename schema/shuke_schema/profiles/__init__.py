"""The APIs of profiles: a member's own, and what staff ask for, see and correct."""
