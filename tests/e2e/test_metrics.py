#!/usr/bin/python3
"""/metrics: Prometheus text that a strict reader takes, and numbers that move with what happens."""
import http.client
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import prometheus
import tap
import world
from process import PATIENCE, wait_for
from tap import case, check, equal, like, skip

ADDRESS = ("127.0.0.1", 9925)
DECISIONS = [  # verdict, reason, a recipient that gets it
    ("pass", "within_limits", "u@foo.test"), ("pass", "local_domain", "u@local.test"),
    ("defer", "message_limit", "u@none.test"), ("defer", "mx_failed_defer", "u@servfail.test"),
    ("defer", "bad_recipient", "u@foo..test"),
    ("refuse", "no_domain", "u@gone.test"), ("refuse", "null_mx", "u@nullmx.test"),
]
ROUTES = [  # the same at delivery time
    ("send", "paced", "u@foo.test"), ("leave", "local_domain", "u@local.test"),
    ("leave", "bad_recipient", "u@foo..test"),
    ("retry", "mx_failed", "u@servfail.test"), ("refuse", "no_domain", "u@gone.test"),
    ("refuse", "null_mx", "u@nullmx.test"),
]


def get(path="/metrics", port=ADDRESS[1]):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as answer:
        return answer.status, answer.headers, answer.read().decode("utf-8")


def ask(method, path, body=None, port=ADDRESS[1]):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10 * PATIENCE)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def samples(port=ADDRESS[1]):
    return prometheus.parse(get(port=port)[2])[0]


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
        check(10 <= len(found) < 600, "%d samples" % len(found))  # and those of lanes: at most 2900
    with case("every name begins with mxpace_ or process_, every counter's name ends in _total"):
        for name, kind in types.items():
            like(name, r"^(mxpace|process)_[a-z0-9_]+$")
            if kind == "counter":
                like(name, "_total$")
    label = "Prometheus' own linter takes it"
    if shutil.which("promtool"):
        with case(label):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, encoding="utf-8", check=False)
            equal((done.returncode, done.stdout + done.stderr), (0, ""))
    else:
        skip(label, "no promtool: apt-get install prometheus")
    with case("other paths are 404"):
        for path in ("/", "/metrics/x", "/../../etc/passwd", "/metricsx", "/METRICS"):
            equal(ask("GET", path)[0], 404, path)
    with case("what follows a ? does not matter"):
        equal(ask("GET", "/healthz?verbose=1")[0::2], (200, b"ok\n"))
    with case("HEAD: the same head, and no body"):
        for path in ("/metrics", "/healthz"):
            status, headers, body = ask("HEAD", path)
            equal((status, body), (200, b""), path)
            check(int(headers["Content-Length"]) > 2, path)
        equal(ask("HEAD", "/nothing")[0], 404)
    with case("absolute form, HTTP/1.0, and of requests in a row the first"):
        for text in ("GET http://a/healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n",
                     "GET /healthz HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n"):
            with socket.create_connection(ADDRESS, 10 * PATIENCE) as s:
                s.sendall(text.encode())
                like(s.makefile().read(), r"^HTTP/1\.1 200 OK\r?\n(?s:.*)\nok\n$")
    with case("other methods are 405, and told which there are"):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            status, headers, _ = ask(method, "/metrics")
            equal((status, headers["Allow"]), (405, "GET, HEAD"), method)
        equal(ask("POST", "/healthz", "x" * 1000)[0], 405)


def numbers(w):
    with w.node.connect() as p:
        p.ask("u@none.test")  # the only message that it may have
        for verdict, reason, recipient in DECISIONS:
            with case("3 decisions move %s by 3, and no other decision" % reason):
                before = samples()
                for _ in range(3):
                    p.ask(recipient)
                by = moved(before, samples())
                equal({labels: value for (name, labels), value in by.items() if name == "mxpace_decisions_total"},
                      {(("reason", reason), ("verdict", verdict)): 3.0})
        with case("the time spent at Redis adds up"):
            before = samples()["mxpace_store_run_seconds_sum", ()]
            for _ in range(50):
                p.ask("u@foo.test")
            spent = samples()["mxpace_store_run_seconds_sum", ()] - before
            check(0 < spent < 50 * PATIENCE, "50 round trips took %g s" % spent)
        with case("... each counted in one step, and DNS' times too"):
            before = samples()
            p.ask("u@foo.test")
            p.ask("u@twin.test")
            by = moved(before, samples())
            check(by["mxpace_store_run_seconds_count", ()] >= 2, "round trips to Redis")
            equal(by.get(("mxpace_mx_lookup_seconds_count", ())), 1)
        with case("connections and messages of a group, with its limits"):
            before = samples()
            p.ask("u@foo.test")
            now = samples()
            name = [key for key in now if key[0] == "mxpace_lane_messages_total" and dict(key[1])["group"].startswith("default/mx1.foo")]
            equal(len(name), 1, "a group for foo.test among %r" % [k for k in now if k[0].startswith("mxpace_lane")])
            equal(now[name[0]], before[name[0]] + 1)
            equal(now["mxpace_lane_messages_limit", tuple(sorted(name[0][1] + (("period", "1h"),)))], 100000)
    with case("no counter ever falls"):
        before = samples()
        with w.node.connect() as p:
            p.ask("u@foo.test")
        by = moved(before, samples())
        check(all(value > 0 for (name, _), value in by.items() if name.endswith("_total")), "one fell: %r" % by)
    with case("a gauge follows the open connections"):
        key = ("mxpace_policy_connections", ())
        wait_for(lambda: samples()[key] == 0, "the connections to be closed")
        clients = [w.node.connect() for _ in range(5)]
        for client in clients:
            client.ask("u@foo.test")
        equal(samples()[key], 5)
        for client in clients:
            client.close()
        wait_for(lambda: samples()[key] == 0, "it to fall again")
    with case("it is seen that Redis is away, and back"):
        key = ("mxpace_store_up", ())
        equal(samples()[key], 1)
        w.redis.kill()
        wait_for(lambda: samples()[key] == 0, "mxpace_store_up 0")
        equal(ask("GET", "/healthz")[0::2], (200, b"ok, store away\n"))
        equal(ask("GET", "/readyz")[0::2], (503, b"store away\n"))
        with w.node.connect() as p:
            equal(p.ask("u@foo.test"), "DUNNO")  # by its rules: on_store_failure
        w.redis.start()
        wait_for(lambda: samples()[key] == 1, "mxpace_store_up 1", 15)
        equal(ask("GET", "/healthz")[0::2], (200, b"ok\n"))
        equal(ask("GET", "/readyz")[0::2], (200, b"ready\n"))
    with case("malformed requests and reloads are counted"):
        before = samples()
        with w.node.connect() as p:
            p.send(b"nonsense\n\n")
            p.rest()
        w.node.send(signal.SIGHUP)
        wait_for(lambda: moved(before, samples()).get(("mxpace_reloads_total", ())) == 1, "the reload")
        equal(moved(before, samples())["mxpace_policy_malformed_total", ()], 1)


def look_up(where, *queries):
    """What socketmap queries, "map key", are answered on one connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s, s.makefile("rb") as answers:
        s.settimeout(15 * PATIENCE)
        s.connect(where)
        for query in queries:
            s.sendall(b"%d:%s," % (len(query), query.encode()))
            size = int(b"".join(iter(lambda: answers.read(1), b":")))
            answer = answers.read(size + 1)[:-1].decode()
    return answer


def routes(w):
    number = ADDRESS[1] + 3  # node d's
    path = w.socket_path("d").replace("/policy", "/map")
    with w.policyd("d", enforce="egress", map_listen="unix:" + path):
        def route(recipient):
            return look_up(path, "sender news@shop.test", "transport " + recipient)

        for verdict, reason, recipient in ROUTES:
            with case("3 look-ups move the route %s by 3, and no other route" % reason):
                wait_for(lambda to=recipient: "mxp-unknown-" not in route(to), "the MX hosts to be known")
                before = samples(number)
                for _ in range(3):
                    route(recipient)
                by = moved(before, samples(number))
                names = ("mxpace_routes_total", "mxpace_lookups_total")
                equal({key: value for key, value in by.items() if key[0] in names},
                      {(names[0], (("reason", reason), ("verdict", verdict))): 3.0,
                       (names[1], (("map", "sender"),)): 3.0, (names[1], (("map", "transport"),)): 3.0})
        with case("a route without a look at the quarantine is counted"):
            key = ("mxpace_routes_unchecked_total", ())
            before = samples(number)[key]
            w.redis.kill()
            wait_for(lambda: samples(number)["mxpace_store_up", ()] == 0, "mxpace_store_up 0")
            like(route("u@foo.test"), "^OK mxp-")
            equal(samples(number)[key], before + 1)
            w.redis.start()


def is_closed(s):
    """At once, without a request."""
    with s:
        s.settimeout(2)
        try:
            return s.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


def abuse(w):
    with case("garbage, half a request and a flood on its port are no harm"):
        for data in (b"\0" * 1000, b"GET /metrics",
                     b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 70000,
                     b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection(ADDRESS, 5) as s:
                try:
                    s.sendall(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass
        equal(get()[0], 200)
        with w.node.connect() as p:
            equal(p.ask("u@foo.test"), "DUNNO")
    with case("a head that does not end is 431"):
        with socket.create_connection(ADDRESS, 10 * PATIENCE) as s:
            s.sendall(b"GET / HTTP/1.1\r\nA: " + b"x" * 8174)
            s.shutdown(socket.SHUT_WR)
            like(s.recv(100).decode(), r"^HTTP/1\.1 431 ")
    with case("32 clients that never finish: the next is closed at once, mail goes on, and in the end they go"):
        idle = [socket.create_connection(ADDRESS, 10 * PATIENCE) for _ in range(32)]
        for s in idle:
            s.sendall(b"GET /metrics HTTP/1.1\r\n")
        with w.node.connect() as p:
            equal(p.ask("u@foo.test"), "DUNNO")
        wait_for(lambda: is_closed(socket.create_connection(ADDRESS, 10 * PATIENCE)), "one more to be closed at once")
        began = time.monotonic()
        for s in idle:
            equal(s.recv(1), b"")  # within policy_timeout
            s.close()
        check(time.monotonic() - began < 20 * PATIENCE, "they held on for %g s" % (time.monotonic() - began))
        equal(get()[0], 200)
        w.node.log.wait(r"32 metrics clients are connected")
    with case("a client that sends a byte at a time has no longer"):
        with socket.create_connection(ADDRESS, 10 * PATIENCE) as s:
            s.settimeout(0.2)
            began = time.monotonic()
            while time.monotonic() - began < 30 * PATIENCE:
                try:
                    s.sendall(b"x")
                    if s.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
            check(time.monotonic() - began < 25 * PATIENCE, "it held on")
    with case('metrics_listen = "" means none'):
        with w.policyd("c", metrics_listen="") as node:
            like(node.log.text(), "info: ready: ")
            with open("/proc/net/tcp", encoding="ascii") as f:
                check(":%04X 00000000:0000 0A" % 9925 in f.read(), "node a's isn't seen: the test looks wrong")
                f.seek(0)
                check(":%04X 00000000:0000 0A" % 9927 not in f.read(), "something listens")


def run(w):
    w.node = w.policyd("a")
    reader()
    format_and_http()
    numbers(w)
    routes(w)
    abuse(w)


if __name__ == "__main__":
    tap.main(run, **world.providers(none={"limits": ["1/1h"]}, default={"limits": ["100000/1h"]}))
