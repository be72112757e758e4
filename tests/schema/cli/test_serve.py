"""The listening socket of `shuke serve`, its own or one that is handed down, bounds what is unread."""

import os
import socket

from shuke_schema.cli.serve import _SEND_BUFFER, _UNREAD_MILLISECONDS, _inherited, _listen


def _assert_bounded(listener: socket.socket) -> None:
    # Linux gives twice what is asked, for its own book-keeping, within its limit.
    buffer = listener.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        assert buffer == asked.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        limit = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert limit == _UNREAD_MILLISECONDS


def test_a_socket_of_our_own_is_bounded() -> None:
    with _listen("127.0.0.1", 0) as listener:
        _assert_bounded(listener)


def test_a_socket_that_is_handed_down_is_bounded_as_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as given, _inherited(given.fileno()) as listener:
        _assert_bounded(listener)


def test_a_unix_socket_can_be_handed_down() -> None:
    with socket.socket(socket.AF_UNIX) as given, _inherited(given.fileno()) as listener:
        assert listener.family == socket.AF_UNIX
        assert os.fstat(listener.fileno()).st_ino == os.fstat(given.fileno()).st_ino
