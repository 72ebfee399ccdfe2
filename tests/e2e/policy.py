"""A client of the policy delegation protocol, as smtpd(8) speaks it, that can also misbehave."""
import array
import fcntl
import itertools
import os
import re
import socket
import termios

from process import PATIENCE, wait_for

# What Postfix 3.7 sends, in its order.
ATTRIBUTES = {
    "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
    "client_address": "127.0.0.1", "client_name": "localhost", "client_port": "52714",
    "reverse_client_name": "localhost", "server_address": "127.0.0.1", "server_port": "25",
    "helo_name": "client.test", "sender": "news@shop.test", "recipient": "", "recipient_count": "0",
    "queue_id": "", "instance": "", "size": "0", "etrn_domain": "", "stress": "", "sasl_method": "",
    "sasl_username": "", "sasl_sender": "", "ccert_subject": "", "ccert_issuer": "", "ccert_fingerprint": "",
    "ccert_pubkey_fingerprint": "", "encryption_protocol": "", "encryption_cipher": "", "encryption_keysize": "0",
    "policy_context": "",
}
_numbers = itertools.count(1)


class Closed(Exception):
    """The server hung up instead of answering."""


def new_instance():
    return "%x.%x.0" % (os.getpid(), next(_numbers))


def request(**attributes):
    """The bytes of one request; None leaves an attribute out."""
    merged = {**ATTRIBUTES, **attributes}
    return "".join("%s=%s\n" % (k, v) for k, v in merged.items() if v is not None).encode() + b"\n"


class Policy:
    """One connection. where: the path of a unix socket, or (host, port)."""

    def __init__(self, where, source=None):
        if isinstance(where, str):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(15 * PATIENCE)
            self._socket.connect(where)
        else:
            self._socket = socket.create_connection(where, 15 * PATIENCE, source and (source, 0))
        self._read = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def ask(self, recipient, instance=None, **attributes):
        """The action for one RCPT; without instance: of a transaction of its own."""
        self.send(request(recipient=recipient, instance=instance or new_instance(), **attributes))
        return self.action()

    def end_of_message(self, instance, recipient="", count=1, **attributes):
        self.send(request(protocol_state="END-OF-MESSAGE", instance=instance, recipient=recipient,
                          recipient_count=count, queue_id="4ZxY1", size=700, **attributes))
        return self.action()

    def action(self):
        """The next answer's action; what isn't one well-formed answer raises."""
        answer = self.answer()
        match = re.fullmatch(rb"action=([^\n]+)\n\n", answer)
        if match is None:
            raise AssertionError("not an answer: %r" % answer[:300])
        return match[1].decode()

    # Byte by byte.

    def send(self, data):
        self._socket.sendall(data)

    def send_what_it_takes(self, data):
        """As send(), but the server may hang up meanwhile."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self):
        """The bytes of one answer, up to and with its empty line."""
        while b"\n\n" not in self._read:
            got = self._receive()
            if got == b"":
                raise Closed("after %r" % self._read[:300])
            self._read += got
        answer, empty, self._read = self._read.partition(b"\n\n")
        return answer + empty

    def rest(self):
        """All bytes until the server hangs up."""
        while got := self._receive():
            self._read += got
        rest, self._read = self._read, b""
        return rest

    def finish(self):
        """No more from us; answers can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def _receive(self):
        try:
            return self._socket.recv(65536)
        except ConnectionResetError:  # it left some of ours unread, as it may
            return b""

    def wait_until_read(self):
        """Until the server has taken all we sent (unix sockets)."""
        left = array.array("i", [0])

        def nothing():
            fcntl.ioctl(self._socket, termios.TIOCOUTQ, left)
            return left[0] == 0
        wait_for(nothing, "the server to read the request", every=0.0005)
