#!/usr/bin/python3
"""Configuration: mistakes are told with file, line and key; a reload loses nothing; SIGTERM drains."""
import os
import re
import signal

import tap
import world
from policy import Closed, Policy, new_instance
from process import wait_for
from tap import case, check, equal, like

PROVIDERS = {"limited": {"limits": ["3/1h"]}, "drain": {"limits": ["100/1h"]}}

BAD = """\
redis = "http://127.0.0.1";
policy_timeout = "soon";
enforce = "sometimes";
max_clients = "many";
polcy_listen = "unix:/tmp/x";
quarantine = {
  mailbox_full = { errors = -1; };
};
dns_timeout = 3;
"""
BAD_LINES = [  # line, key, part of what is wrong
    (1, "redis", "http://127.0.0.1"), (2, "policy_timeout", "soon"), (3, "enforce", "sometimes"),
    (4, "max_clients", ""), (5, "polcy_listen", ""), (7, "quarantine.mailbox_full.errors", "-1"),
    (9, "dns_timeout", ""),
]
BAD_RULES = """\
mx_rules = (
  { name = "a"; mx = [ "*.a.test" ]; limits = [ "5/soon" ]; },
  { mx = [ "*.b.test" ]; },
  { name = "c"; mx = [ "*.c.test" ]; scope = "planet"; connections = -3; }
);
"""
BAD_RULES_LINES = [(2, "limits", "5/soon"), (3, "name", ""), (4, "scope", "planet"), (4, "connections", "-3")]


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def mistakes(done, path):
    """{(line, key): words} of what a run said about a file, on either output."""
    found = {}
    for line in (done.stdout + done.stderr).splitlines():
        match = re.search(re.escape(path) + r":(\d+): (?:([\w.]+): )?(.+)$", line)
        if match:
            found[int(match[1]), match[2] or ""] = match[3]
    return found


def expect_mistakes(found, wanted):
    for line, key, words in wanted:
        names = [k for n, k in found if n == line and (k == key or k.endswith("." + key))]
        check(names, "line %d: %s isn't named in %r" % (line, key, found))
        check(words in found[line, names[0]], "%r isn't in %r" % (words, found[line, names[0]]))
    equal(len(found), len(wanted), "how many: %r" % found)


def checking(w):
    def test(path):
        return w.run(w.binary("mxpolicyd"), "-t", "-c", path)

    with case("-t: a good file is accepted, silently or in words, with 0"):
        equal(test(world.CONF).returncode, 0)
    with case("-t: all mistakes of a file at once, each as file:line: key: what is wrong"):
        path = write(w.root + "/bad.conf", BAD)
        done = test(path)
        check(done.returncode not in (0, None) and done.returncode > 0, "exit %d" % done.returncode)
        expect_mistakes(mistakes(done, path), BAD_LINES)
    with case("-t: the mistakes of the rules file too"):
        rules = write(w.root + "/bad-rules.conf", BAD_RULES)
        done = test(w.write_conf(w.root + "/rules.conf", mx_rules=rules))
        check(done.returncode > 0, "exit %d" % done.returncode)
        expect_mistakes(mistakes(done, rules), BAD_RULES_LINES)
    with case("-t: a syntax error has its line"):
        path = write(w.root + "/syntax.conf", "store_timeout = \"1s\";\nnode = = \"x\";\n")
        done = test(path)
        check(done.returncode > 0, "exit %d" % done.returncode)
        check(any(line == 2 for line, _ in mistakes(done, path)), done.stderr)
    with case("-t: a missing file is told by name"):
        done = test(w.root + "/missing.conf")
        check(done.returncode > 0, "exit %d" % done.returncode)
        like(done.stderr, r"missing\.conf.*No such file")
    with case("mxpolicyd doesn't start with a bad file, and says the same"):
        done = w.run(w.binary("mxpolicyd"), "-c", w.root + "/bad.conf", deadline=5)
        check(done.returncode > 0, "exit %d" % done.returncode)
        expect_mistakes(mistakes(done, w.root + "/bad.conf"), BAD_LINES)
    with case("the shipped mxpace.conf is right, with the shipped rules beside it"):
        done = w.run(w.binary("mxpolicyd"), "-t", "-c", world.TREE + "/conf/mxpace.conf")
        equal(done.returncode, 0, done.stderr)
    with case("usage errors are told, with 2 or sysexits' 64"):
        for args in (["-x"], ["-c"], ["-c", world.CONF, "extra"]):
            done = w.run(w.binary("mxpolicyd"), *args, deadline=5)
            check(done.returncode in (2, 64), "%s: exit %d" % (args, done.returncode))
            like(done.stderr, "usage")


def reloading(w):
    node, redis = w.node, w.redis

    def total():
        return int(redis.hash("mxpace:{g:limited}:sent:%s:1h" % world.SENDING_IP).get("total", 0))

    def set_limit(count):
        w.write_rules(world.providers(**{**PROVIDERS, "limited": {"limits": ["%d/1h" % count]}})["rules"])

    with node.connect() as p:
        held = new_instance()
        for _ in range(2):
            equal(p.ask("u@limited.test"), "DUNNO")
        equal(p.ask("u@limited.test", instance=held), "DUNNO")
        like(p.ask("u@limited.test"), "limit 3/1h reached")

        with case("SIGHUP with a bad rules file: said with file:line, the old one is kept and that is said"):
            mark = node.log.mark()
            w.write_rules([{"name": "limited", "mx": ["*.limited.test"], "limits": ["lots"]}])
            node.send(signal.SIGHUP)
            node.log.wait(r"mx-rules\.conf:\d+: \S*limits: .*lots", mark)
            node.log.wait(r"(?i)\b(keep|kept|stays?)\b", mark)
            like(p.ask("u@limited.test"), "limit 3/1h reached")
        with case("SIGHUP with a bad mxpace.conf: the same"):
            mark = node.log.mark()
            set_limit(8)
            write(world.CONF, BAD)
            node.send(signal.SIGHUP)
            for line, key, _ in BAD_LINES:
                node.log.wait(r"mxpace\.conf:%d: \S*%s: " % (line, key), mark)
            node.log.wait(r"(?i)\b(keep|kept|stays?)\b", mark)
            like(p.ask("u@limited.test"), "limit 3/1h reached")
        with case("SIGHUP with a file that is missing: the same"):
            mark = node.log.mark()
            os.rename(world.CONF, world.CONF + ".away")
            node.send(signal.SIGHUP)
            node.log.wait(r"(?i)\b(keep|kept|stays?)\b", mark)
            like(p.ask("u@limited.test"), "limit 3/1h reached")
        with case("SIGHUP with a good file: the new limit holds, what was counted stays, the connection too"):
            w.write_conf()
            node.send(signal.SIGHUP)
            wait_for(lambda: p.ask("u@limited.test") == "DUNNO", "the new limit")
            equal(total(), 4)
            for _ in range(4):
                equal(p.ask("u@limited.test"), "DUNNO")
            like(p.ask("u@limited.test"), "limit 8/1h reached")
        with case("a transaction that was known before is still known"):
            equal(p.ask("u@limited.test", instance=held), "DUNNO")
            equal(total(), 8)
        with case("a lower limit holds at once as well"):
            set_limit(2)
            node.send(signal.SIGHUP)
            wait_for(lambda: "limit 2/1h reached" in p.ask("u@limited.test"), "the lower limit")
        with case("settings that only a reload changes: local_domains, on_dns_failure"):
            like(p.ask("u@servfail.test"), r"^DEFER_IF_PERMIT 4\.4\.3 ")
            w.write_conf(on_dns_failure="permit", local_domains=["*.local.test", "limited.test"])
            node.send(signal.SIGHUP)
            wait_for(lambda: p.ask("u@servfail.test") == "DUNNO", "on_dns_failure = permit")
            equal(p.ask("u@limited.test"), "DUNNO")
    with case("a moved listener: the new one serves, the old one's connections are served on"):
        with node.connect() as p:
            equal(p.ask("u@foo.test"), "DUNNO")
            other = os.path.dirname(node.socket) + "/other"
            w.write_conf(policy_listen="unix:" + other)
            node.send(signal.SIGHUP)
            wait_for(lambda: os.path.exists(other), "the new socket")
            with Policy(other) as q:
                equal(q.ask("u@foo.test"), "DUNNO")
            equal(p.ask("u@foo.test"), "DUNNO")
    with case("SIGHUP twenty times under load: no answer is lost"):
        w.write_conf()
        node.send(signal.SIGHUP)
        wait_for(lambda: os.path.exists(node.socket), "the old socket")
        with node.connect() as p:
            for i in range(200):
                if i % 10 == 0:
                    node.send(signal.SIGHUP)
                equal(p.ask("u@foo.test"), "DUNNO")


def draining(w):
    node = w.policyd("b", store_timeout="5s", on_store_failure="defer")
    with case("SIGTERM: a request in flight is answered, then mxpolicyd ends with 0"):
        with node.connect() as idle, node.connect() as p:
            for connection in (idle, p):
                equal(connection.ask("u@drain.test"), "DUNNO")
            w.redis.pause()
            instance = new_instance()
            p.send(b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.test\nrecipient=u@drain.test\n"
                   b"instance=%s\n\n" % instance.encode())
            p.wait_until_read()
            node.send(signal.SIGTERM)
            wait_for(lambda: not listens(node.socket), "the listener to be closed")
            check(node.running(), "it ended with a request in flight")
            w.redis.resume()
            equal(p.action(), "DUNNO")
            equal(p.rest(), b"", "after the answer")
            equal(idle.rest(), b"", "an idle connection")
        equal(node.wait(), 0)
        equal(int(w.redis.hash("mxpace:{g:drain}:sent:%s:1h" % world.SENDING_IP)["total"]), 3)
    with case("SIGTERM while Redis is away: it ends with 0 within the deadline, the request is answered"):
        node.start()
        with node.connect() as p:
            equal(p.ask("u@drain.test"), "DUNNO")
            w.write_conf(node.conf_path, "b", store_timeout="500ms", on_store_failure="defer")
            mark = node.log.mark()
            node.send(signal.SIGHUP)
            wait_for(lambda: node.log.find(r"(?i)reload", mark), "the reload")
            w.redis.pause()
            p.send(b"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@b.test\nrecipient=u@drain.test\n"
                   b"instance=x.1\n\n")
            p.wait_until_read()
            node.send(signal.SIGTERM)
            like(p.action(), r"^DEFER_IF_PERMIT 4\.3\.0 mxpace: store away")
        equal(node.wait(5), 0)
        w.redis.resume()
    with case("SIGTERM twice, and SIGINT: it ends with 0 just the same"):
        node.start()
        node.send(signal.SIGTERM)
        node.send(signal.SIGTERM)
        equal(node.wait(), 0)
        node.start()
        node.send(signal.SIGINT)
        equal(node.wait(), 0)


def listens(path):
    try:
        with Policy(path) as p:
            p.send_what_it_takes(b"\n")
            return p.rest() != b""
    except (Closed, ConnectionError, FileNotFoundError):
        return False


def run(w):
    w.node = w.policyd("a")
    checking(w)
    reloading(w)
    draining(w)


if __name__ == "__main__":
    tap.main(run, **world.providers(**PROVIDERS))
