#!/usr/bin/python3
"""/metrics: Prometheus text that a strict reader takes, and numbers that move with what happens."""
import socket
import urllib.error
import urllib.request

import prometheus
import tap
import world
from process import wait_for
from tap import case, check, equal, like

ADDRESS = ("127.0.0.1", 9925)


def get(path="/metrics", port=ADDRESS[1]):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as answer:
        return answer.status, answer.headers, answer.read().decode("utf-8")


def samples():
    return prometheus.parse(get()[2])[0]


def moved(before, after):
    """{sample: by how much} of what changed."""
    return {key: value - before.get(key, 0) for key, value in after.items() if value != before.get(key, 0)}


def reader():
    good = '# HELP a_total x\n# TYPE a_total counter\na_total{k="v\\"\\n"} 1\na_total{k="w"} 2.5\n'
    with case("the reader takes what is right"):
        equal(len(prometheus.parse(good)[0]), 2)
    for label, text in (("no newline at the end", good[:-1]), ("a series twice", good + 'a_total{k="w"} 3\n'),
                        ("a broken label", good.replace('"w"', "w")), ("no number", good.replace("2.5", "many")),
                        ("a family in two places", good + "# HELP b x\n# TYPE b gauge\nb 1\na_total 3\n"),
                        ("an unknown type", good.replace("counter", "number")), ("no HELP", good.split("\n", 1)[1]),
                        ("a raw line", "hello\n")):
        with case("the reader refuses " + label):
            try:
                prometheus.parse(text)
            except prometheus.Wrong:
                continue
            raise AssertionError("it took it")


def format_and_http():
    with case("GET /metrics: 200, the content type of the text format"):
        status, headers, text = get()
        equal(status, 200)
        like(headers["Content-Type"], r"^text/plain; version=0\.0\.4")
    with case("a strict reader takes all of it"):
        found, types = prometheus.parse(text)
        check(len(found) >= 10, "only %d samples" % len(found))
    with case("every name begins with mxpace_ or process_, every counter's name ends in _total"):
        for name, kind in types.items():
            like(name, r"^(mxpace|process)_[a-z0-9_]+$")
            if kind == "counter":
                like(name, "_total$")
    with case("other paths are 404"):
        for path in ("/", "/metrics/x", "/../../etc/passwd"):
            try:
                raise AssertionError("%s: %d" % (path, get(path)[0]))
            except urllib.error.HTTPError as e:
                equal(e.code, 404, path)


def numbers(w):
    with w.node.connect() as p:
        equal(p.ask("u@five.test"), "DUNNO")
        for what, recipients, count in (("passed", ["u@five.test"], 4), ("deferred", ["u@five.test"], 7),
                                        ("refused", ["u@gone.test"], 3)):
            with case("%d %s move a counter by %d" % (count, what, count)):
                before = samples()
                for _ in range(count):
                    for recipient in recipients:
                        p.ask(recipient)
                by = moved(before, samples())
                counters = [key for key, value in by.items() if key[0].endswith("_total") and value == count]
                check(counters, "none moved by %d: %r" % (count, by))
                check(all(value > 0 for (name, _), value in by.items() if name.endswith("_total")), "a counter fell: %r" % by)
        with case("passed, deferred and refused are told apart"):
            def move(recipient):
                before = samples()
                p.ask(recipient)
                return {key for key in moved(before, samples()) if "decision" in key[0] and key[0].endswith("_total")}
            p.ask("u@foo.test")
            kinds = [move("u@foo.test"), move("u@five.test"), move("u@gone.test"), move("u@local.test")]
            for kind in kinds:
                check(kind, "no counter of decisions moved: %r" % kinds)
            equal(len(set(map(frozenset, kinds))), len(kinds), "%r" % kinds)
    with case("a gauge follows the open connections"):
        before = samples()
        clients = [w.node.connect() for _ in range(5)]
        for client in clients:
            client.ask("u@foo.test")
        up = {key for key, value in moved(before, samples()).items() if value == 5 and not key[0].endswith("_total")}
        check(up, "none went up by 5")
        for client in clients:
            client.close()
        wait_for(lambda: all(samples()[key] == before.get(key, 0) for key in up), "it to fall again")
    with case("it is seen that Redis is away"):
        before = samples()
        w.redis.kill()
        with w.node.connect() as p:
            for _ in range(3):
                p.ask("u@five.test")
        down = moved(before, samples())
        check(any("store" in name or "redis" in name for name, _ in down), "%r" % down)
        w.redis.start()


def abuse(w):
    with case("garbage, half a request and a flood on its port are no harm"):
        for data in (b"\0" * 1000, b"GET /metrics", b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 70000,
                     b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection(ADDRESS, 5) as s:
                try:
                    s.sendall(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        equal(get()[0], 200)
        with w.node.connect() as p:
            equal(p.ask("u@foo.test"), "DUNNO")
    with case('metrics_listen = "" means none'):
        node = w.policyd("c", metrics_listen="")
        before = set(open("/proc/net/tcp", encoding="ascii").read().split("\n"))
        equal([line for line in before if ":%04X 00000000:0000 0A" % 9927 in line], [])
        node.stop()


def run(w):
    w.node = w.policyd("a")
    reader()
    format_and_http()
    numbers(w)
    abuse(w)


if __name__ == "__main__":
    tap.main(run, **world.providers(five={"limits": ["5/1h"]}, default={"limits": ["100000/1h"]}))
