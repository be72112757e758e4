"""The API of interactions: members ask, staff answer; forms, and rules of follow-up."""
