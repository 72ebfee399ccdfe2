#!/usr/bin/python3
"""Garbage on the policy socket: each malformed input has its outcome, and the daemon serves on."""
import os
import random
import select
import socket
import time

import tap
import world
from policy import ATTRIBUTES, Policy, new_instance, request
from process import PATIENCE, wait_for
from tap import case, check, equal, like

MEGABYTE = 1 << 20
START = b"request=smtpd_access_policy\nprotocol_state=RCPT\n"
RANDOM = random.Random(4).randbytes(65536).replace(b"\n\n", b"\n-")

# Told why, then hung up on. What is sent, what the answer says.
MALFORMED = [
    ("a line without =", START + b"nonsense\n\n", "line without name=value"),
    ("an attribute without a name", START + b"=value\n\n", "line without name=value"),
    ("a line of 1 MB", START + b"sender=" + b"x" * MEGABYTE + b"\n\n", "line over 8192 bytes"),
    ("a line of 1 MB that never ends", b"x" * MEGABYTE, "line over 8192 bytes"),
    ("1 MB of short lines", START + b"a=b\n" * (MEGABYTE // 4), "request over 65536 bytes"),
    ("1 MB of short lines in a whole request", START + b"a=b\n" * (MEGABYTE // 4) + b"\n", "request over 65536 bytes"),
    ("a NUL in a value", START + b"recipient=u\0@foo.test\n\n", "NUL byte"),
    ("a NUL in a name", START + b"reci\0pient=u@foo.test\n\n", "NUL byte"),
    ("NULs only", b"\0" * 20 + b"\n\n", "NUL byte"),
    ("an empty request", b"\n", "empty request"),
    ("an empty request, CRLF", b"\r\n", "empty request"),
    ("an empty request after a whole one", None, "empty request"),
    ("no request attribute", request(request=None, recipient="u@foo.test"), "request is not smtpd_access_policy"),
    ("another request", request(request="junk", recipient="u@foo.test"), "request is not smtpd_access_policy"),
    ("an SMTP client", b"EHLO client.test\r\n\r\n", "line without name=value"),
    ("an HTTP client", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "line without name=value"),
    ("a socketmap client", b"21:sender news@shop.test,\n\n", "line without name=value"),
    ("64 KB at random", RANDOM + b"\n\n", ""),
]

# Odd, but well-formed: answered like any other, and the connection stays. Attributes, what the answer is.
ODD = [
    ("unknown attributes", {"recipient": "u@foo.test", "colour": "green", "policy_context_2": "a=b=c"}, r"DUNNO"),
    ("a value with =", {"recipient": "u=x@foo.test"}, r"DUNNO"),
    ("a long value", {"recipient": "u@foo.test", "helo_name": "x" * 8000}, r"DUNNO"),
    ("no instance", {"recipient": "u@foo.test", "instance": None}, r"DUNNO"),
    ("no sender attribute", {"recipient": "u@foo.test", "sender": None}, r"DUNNO"),
    ("no protocol_state", {"recipient": "u@foo.test", "protocol_state": None}, r"DUNNO"),
    ("RCPT without a recipient", {"recipient": None}, r"DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("RCPT with an empty recipient", {"recipient": ""}, r"DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("a recipient without a domain", {"recipient": "postmaster"}, r"DUNNO"),
    ("a recipient of 4000 bytes", {"recipient": "x" * 4000 + "@foo.test"}, r"DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("a domain of 300 bytes", {"recipient": "u@" + "x." * 150 + "test"}, r"DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("a domain with empty labels", {"recipient": "u@foo..test"}, r"DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("a recipient with braces and per cent", {"recipient": "{u}%{x@foo.test"}, r"DUNNO"),
    ("a recipient with a quoted blank and @", {"recipient": "\"a b@c\"@foo.test"}, r"DUNNO"),
    ("a recipient in UTF-8", {"recipient": "bücher@foo.test"}, r"DUNNO"),
    ("a recipient that isn't UTF-8", {"recipient": "\udcff\udcfe@foo.test"},
     r"DUNNO|DEFER_IF_PERMIT 4\.3\.5 mxpace: \S.*"),
    ("an attribute given twice, the last counts", {"sender": "x\nsender=", "recipient": "u@gone.test"}, r"DUNNO"),
]
STATES = ["CONNECT", "EHLO", "HELO", "MAIL", "DATA", "VRFY", "ETRN", "END-OF-MESSAGE", "RSET", "", "rcpt"]


def encoded(**attributes):
    merged = {**ATTRIBUTES, "instance": new_instance(), **attributes}
    lines = "".join("%s=%s\n" % (k, v) for k, v in merged.items() if v is not None)
    return lines.encode("utf-8", "surrogateescape") + b"\n"


def serves(w):
    with w.node.connect() as p:
        equal(p.ask("u@foo.test"), "DUNNO", "afterwards")


def malformed(w):
    for label, data, why in MALFORMED:
        with case("%s: told so, and hung up on" % label):
            with w.node.connect() as p:
                if data is None:
                    equal(p.ask("u@foo.test"), "DUNNO")
                    data = b"\n"
                p.send_what_it_takes(data)
                like(p.rest().decode(),
                     r"\Aaction=DEFER_IF_PERMIT 4\.3\.5 mxpace: malformed policy request: [ -~]*%s[ -~]*\n\n\Z" % why)
            serves(w)


def odd(w):
    for label, attributes, action in ODD:
        with case("%s: answered %s, the connection stays" % (label, action.partition("\\")[0])):
            with w.node.connect() as p:
                p.send(encoded(**attributes))
                like(p.action(), "^(%s)$" % action)
                equal(p.ask("u@foo.test"), "DUNNO")
    with w.node.connect() as p:
        for state in STATES:
            with case("protocol_state=%s decides nothing" % state):
                equal(p.ask("u@gone.test", protocol_state=state), "DUNNO")


def framing(w):
    whole = encoded(recipient="u@gone.test")
    answer = b"action=550 5.1.2 mxpace: domain gone.test does not exist\n\n"
    with case("a request byte by byte"):
        short = START + b"recipient=u@gone.test\nsender=a@b.test\n\n"
        with w.node.connect() as p:
            for i in range(len(short)):
                p.send(short[i:i + 1])
                p.wait_until_read()
            equal(p.answer(), answer)
    with case("a request in two parts, cut at each offset"):
        with w.node.connect() as p:
            for i in range(1, len(whole)):
                p.send(whole[:i])
                p.wait_until_read()
                p.send(whole[i:])
                equal(p.answer(), answer)
    with case("requests joined in one write are answered one after the other, in order"):
        with w.node.connect() as p:
            recipients = ["u@gone.test", "u@foo.test", "u@nullmx.test"] * 10
            p.send(b"".join(encoded(recipient=r) for r in recipients))
            equal([p.action()[:5] for _ in recipients], ["550 5", "DUNNO", "556 5"] * 10)
    with case("one and a half requests in one write"):
        with w.node.connect() as p:
            p.send(whole + whole[:100])
            equal(p.answer(), answer)
            p.send(whole[100:])
            equal(p.answer(), answer)
    with case("a client that says no more is still answered"):
        with w.node.connect() as p:
            p.send(whole)
            p.finish()
            equal(p.rest(), answer)
    with case("CRLF line ends are understood"):
        with w.node.connect() as p:
            p.send(whole.replace(b"\n", b"\r\n"))
            equal(p.answer(), answer)


def silence(w):
    with case("half a request, then silence: hung up on without an answer after policy_timeout; an idle client isn't"):
        with w.node.connect() as idle, w.node.connect() as p:
            began = time.monotonic()
            p.send(START)
            equal(p.rest(), b"")
            took = time.monotonic() - began
            check(0.95 <= took < 1.5 * PATIENCE, "policy_timeout = 1s took %.2f s" % took)
            equal(idle.ask("u@foo.test"), "DUNNO")
    with case("a request that trickles in doesn't get more time than that"):
        with w.node.connect() as p:
            began = time.monotonic()

            def hung_up():
                try:
                    p.send(b"a=b\n")
                except (BrokenPipeError, ConnectionResetError):
                    return True
                return time.monotonic() - began > 5 * PATIENCE
            wait_for(hung_up, "the end", 10, every=0.1)
            check(time.monotonic() - began < 3 * PATIENCE, "it could go on for %.2f s" % (time.monotonic() - began))
    with case("an idle client is hung up on after policy_idle"):
        with w.policyd("c", policy_idle="1s", policy_timeout="10s") as node, node.connect() as p:
            began = time.monotonic()
            equal(p.ask("u@foo.test"), "DUNNO")
            equal(p.rest(), b"")
            took = time.monotonic() - began
            check(0.95 <= took < 1.5 * PATIENCE, "policy_idle = 1s took %.2f s" % took)


def crowds(w):
    with case("clients that hang up in the middle of a request, 300 of them, cost nothing that stays"):
        serves(w)
        before = wait_for(lambda: w.node.descriptors(), "its descriptors")
        for i in range(300):
            with w.node.connect() as p:
                p.send(encoded(recipient="u@foo.test")[:i + 1])
        wait_for(lambda: w.node.descriptors() <= before, "its connections to be closed")
        serves(w)
    with case("clients that don't wait for their answers, 300 of them, neither"):
        for _ in range(300):
            with w.node.connect() as p:
                p.send(encoded(recipient="u@foo.test") * 3)
        wait_for(lambda: w.node.descriptors() <= before, "its connections to be closed")
        serves(w)
    with case("a client that asks without end and never reads doesn't make it grow or stop"):
        def memory():
            with open("/proc/%d/statm" % w.node.pid, encoding="ascii") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        before = memory()
        flood = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        flood.connect(w.node.socket)
        flood.setblocking(False)
        asked = encoded(recipient="u@gone.test") * 50
        sent = 0
        while sent < 64 * MEGABYTE and select.select([], [flood], [], 0.3)[1]:  # until it takes no more
            try:
                sent += flood.send(asked)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
        check(memory() - before < 20 * MEGABYTE, "it grew by %d MB" % ((memory() - before) // MEGABYTE))
        serves(w)
        flood.close()
    with case("above max_clients a client is hung up on, and the others are served on"):
        with w.policyd("c", max_clients=3) as node:
            clients = [node.connect() for _ in range(3)]
            for p in clients:
                equal(p.ask("u@foo.test"), "DUNNO")
            with node.connect() as p:
                p.send_what_it_takes(encoded(recipient="u@gone.test"))
                check(b"550" not in p.rest(), "the fourth was served")
            for p in clients:
                equal(p.ask("u@foo.test"), "DUNNO")
            clients.pop().close()
            wait_for(lambda: connects(node), "room for another one")
            for p in clients:
                p.close()


def connects(node):
    with Policy(node.socket) as p:
        p.send_what_it_takes(encoded(recipient="u@foo.test"))
        p.finish()
        return p.rest() == b"action=DUNNO\n\n"


def run(w):
    w.node = w.policyd("a", policy_timeout="1s")
    malformed(w)
    odd(w)
    framing(w)
    silence(w)
    crowds(w)
    with case("the log has one line at most for each malformed request, all of them printable"):
        text = w.node.log.text()
        check(len(w.node.log.lines("malformed")) <= len(MALFORMED), "it is flooded")
        check(all(c.isprintable() or c == "\n" for c in text), "control characters in the log")


if __name__ == "__main__":
    tap.main(run, **world.providers(default={"limits": ["100000/1h"]}))
