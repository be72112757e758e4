"""The API of consent."""
