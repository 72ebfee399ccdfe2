"""A client of the socketmaps, as trivial-rewrite(8) is: one connection, netstrings, `sender` before `transport`."""
import socket

from process import PATIENCE


class MapClient:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(15 * PATIENCE)
        self._socket.connect(path)
        self._read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def ask(self, name, key):
        """The reply to one look-up: "OK words", "NOTFOUND "."""
        query = ("%s %s" % (name, key)).encode()
        self._socket.sendall(b"%d:%s," % (len(query), query))
        while b":" not in self._read:
            self._receive()
        length, _, rest = self._read.partition(b":")
        while len(rest) <= int(length):
            self._read = b""
            self._receive()
            rest += self._read
        self._read = rest[int(length) + 1:]
        return rest[:int(length)].decode()

    def transport(self, sender, recipient):
        self.ask("sender", sender)
        return self.ask("transport", recipient)

    def _receive(self):
        got = self._socket.recv(65536)
        if not got:
            raise AssertionError("the server hung up")
        self._read += got
