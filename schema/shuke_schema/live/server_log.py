"""What the server says of sockets in its log: no line for every handshake, no trace of bad clients."""

import logging

_OF_CLIENTS = (
    "Invalid UTF-8",  # closed with 1007: a client's mistake, told with a traceback
    "ASGI callable returned without completing handshake",  # said of each handshake we refuse
)


def quiet_handshakes(record: logging.LogRecord) -> bool:
    """A filter for uvicorn's log."""
    said = str(record.msg)
    if said.startswith(_OF_CLIENTS):
        return False
    of_a_socket = '"WebSocket' in said or said.startswith("connection ")
    return not (of_a_socket and record.levelno <= logging.INFO)
