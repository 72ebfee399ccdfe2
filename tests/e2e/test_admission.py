#!/usr/bin/python3
"""Admission: Postfix asks mxpolicyd, mxpolicyd decides by quarantine, MX, limits and slots."""
import os
import signal
import stat
import threading
import time

import isolation
import tap
import world
from policy import Closed, Policy, new_instance
from process import PATIENCE, wait_for
from tap import case, check, equal, like
from world import SENDING_IP

SHORTEST = b"""\
request=smtpd_access_policy
protocol_state=RCPT
recipient=u@foo.test
sender=a@b.test
instance=1.2

"""
NETWORK_CLIENT = "10.9.9.9"  # of an address that isn't loopback


def sent_key(group, period, ip=SENDING_IP):
    return "mxpace:{g:%s}:sent:%s:%s" % (group, ip, period)


def counted(w, group, period, ip=SENDING_IP):
    return int(w.redis.hash(sent_key(group, period, ip)).get("total", 0))


def passes(policy, recipient, **attributes):
    equal(policy.ask(recipient, **attributes), "DUNNO", recipient)


def through_postfix(w):
    with case("mail within the limit goes out"):
        for i in range(3):
            equal(w.postfix.send("news@shop.test", ["ann%d@three.test" % i])["ann%d@three.test" % i][0], 250)
        w.sink.wait_messages(3)
        equal(counted(w, "three", "1h"), 3)
    with case("over the limit the client is told 450 4.7.1 with group, limit and when, and mail.log says the same"):
        code, text = w.postfix.send("news@shop.test", ["bob@three.test"])["bob@three.test"]
        equal(code, 450)
        words = like(text, r"mxpace: group three: limit 3/1h reached, next message in (\d+\w)+$")[0]
        like(text, r"^4\.7\.1 ")
        line = w.postfix.log.wait(r"reject: RCPT from .*: 450 4\.7\.1 <bob@three\.test>.*")[0]
        check(words.rpartition(" ")[0] in line, "the log's words: " + line)
    with case("another provider's mail isn't held up by it"):
        equal(w.postfix.send("news@shop.test", ["cid@foo.test"])["cid@foo.test"][0], 250)
        w.sink.wait_messages(1, "cid@foo.test")
    with case("a message with several recipients of one group counts once"):
        answers = w.postfix.send("news@shop.test", ["u%d@once.test" % i for i in range(4)])
        equal({code for code, _ in answers.values()}, {250})
        equal(counted(w, "once", "1h"), 1)
    with case("Postfix's END-OF-MESSAGE ends the slot, and only that"):
        with w.postfix.connect() as first, w.postfix.connect() as second:
            for session in (first, second):
                session.mail("news@shop.test")
            equal(first.rcpt("a@single.test")[0], 250)
            code, text = second.rcpt("b@single.test")
            equal(code, 450)
            like(text.decode(), r"group single: 1 of 1 connections in use")
            equal(first.data("Subject: x\n\nx\n")[0], 250)
            equal(second.rcpt("b@single.test")[0], 250)
    with case("incoming mail for a local domain isn't counted, from outside neither"):
        groups = w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1)
        equal(w.postfix.send("someone@foo.test", ["joe@local.test"], source="127.0.0.9")["joe@local.test"][0], 250)
        equal(w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1), groups)
    with case("a stranger's attempt to relay is refused before mxpolicyd is asked"):
        equal(w.postfix.send("someone@foo.test", ["joe@relay.test"], source="127.0.0.9")["joe@relay.test"][0], 454)
        equal(counted(w, "relay", "1h"), 0)


def limits(w):
    with case("the shortest request is answered in one line"):
        with w.node.connect() as p:
            p.send(SHORTEST)
            equal(p.answer(), b"action=DUNNO\n\n")
    with case("nc -U gets the same"):
        done = w.run("nc", "-N", "-U", w.node.socket, data=SHORTEST)
        equal(done.stdout, "action=DUNNO\n\n")
    used = [new_instance() for _ in range(5)]
    with case("5/10s: five pass, the sixth is deferred with group, limit and when"):
        with w.node.connect() as p:
            for instance in used:
                passes(p, "u@five.test", instance=instance)
            like(p.ask("u@five.test"), r"^DEFER_IF_PERMIT 4\.7\.1 mxpace: group five: limit 5/10s reached, "
                                       r"next message in ([1-9]|10|11)s$")
            refused = new_instance()
            like(p.ask("u@five.test", instance=refused), "limit 5/10s")
            like(p.ask("u@five.test", instance=refused), "limit 5/10s", "a refused instance again")
    with case("a repeated instance passes, whatever connection it comes over, and isn't counted again"):
        with w.node.connect() as p:
            for _ in range(3):
                passes(p, "v@five.test", instance=used[-1])
        equal(counted(w, "five", "10s"), 5)
    with case("an instance with recipients in two groups counts in both"):
        with w.node.connect() as p:
            instance = new_instance()
            passes(p, "u@both-a.test", instance=instance)
            passes(p, "u@both-b.test", instance=instance)
            equal((counted(w, "both-a", "1h"), counted(w, "both-b", "1h")), (1, 1))
            like(p.ask("w@both-b.test"), "group both-b: limit 1/1h reached")
    with case("case and trailing dot of a domain don't make another group"):
        with w.node.connect() as p:
            passes(p, "u@Foo.TEST")
            groups = w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1)
            equal([g for g in groups if "foo" in g.lower()], ["default/mx1.foo.test"])
    with case("a window that has passed gives the limit again"):
        with w.node.connect() as p:
            for _ in range(3):
                passes(p, "u@short.test")
            began = time.monotonic()
            like(p.ask("u@short.test"), "limit 3/1s")
            wait_for(lambda: p.ask("u@short.test") == "DUNNO", "room in 3/1s", 3)
            check(time.monotonic() - began < 1.3 * PATIENCE, "it took %.2f s" % (time.monotonic() - began))


def fleet(w):
    def race(recipient):
        """50 clients at once, half of them at each mxpolicyd."""
        barrier, actions = threading.Barrier(50), []

        def client(i):
            with (w.node, w.node_b)[i % 2].connect() as p:
                barrier.wait(60)
                actions.append(p.ask(recipient))
        threads = [threading.Thread(target=client, args=(i,)) for i in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(len(actions), 50)
        for action in actions:
            like(action, r"^DUNNO$|: limit 5/10s reached")
        return actions.count("DUNNO")

    with case("50 clients racing at two mxpolicyd on one Redis: exactly five pass"):
        equal(race("u@race.test"), 5)
    with case("the same with a limit for all sending IPs together"):
        equal(race("u@together.test"), 5)
        equal(counted(w, "together", "10s", "all"), 5)
    with case("two Postfix hosts share a limit: four messages at each, five go out"):
        codes = [mta.send("news@shop.test", ["u@fleet.test"])["u@fleet.test"][0]
                 for mta in (w.postfix, w.postfix_b) for _ in range(4)]
        equal(codes, [250] * 5 + [450] * 3)
        equal(len(w.sink.wait_messages(5, "u@fleet.test")), 5)


def slots(w):
    def free(policy, what):
        wait_for(lambda: policy.ask("u@slots.test") == "DUNNO", what, 5)

    with case("two slots: the third transaction is deferred with how many are in use"):
        first, second, third = (w.node.connect() for _ in range(3))
        ended = new_instance()
        passes(first, "u@slots.test", instance=ended)
        passes(second, "u@slots.test")
        equal(third.ask("u@slots.test"),
              "DEFER_IF_PERMIT 4.7.1 mxpace: group slots: 2 of 2 connections in use, try again in a minute")
        like(w.redis.cmd("HGET", "mxpace:{g:slots}:conn:" + SENDING_IP, "mta1"), r"^2 until \d+$")
    with case("END-OF-MESSAGE ends one"):
        equal(first.end_of_message(ended, "u@slots.test"), "DUNNO")
        passes(third, "u@slots.test")
        like(first.ask("u@slots.test"), "2 of 2 connections")
    with case("an END-OF-MESSAGE of another instance ends none"):
        equal(first.end_of_message(new_instance()), "DUNNO")
        like(first.ask("u@slots.test"), "2 of 2 connections")
    with case("a closing connection ends one"):
        second.close()
        free(first, "the slot of the closed connection")
    with case("another instance on the same connection ends one"):
        passes(third, "u@foo.test")
        with w.node.connect() as fourth:
            free(fourth, "the slot of the previous instance")
    with case("slots are counted over the fleet"):
        first.close()
        third.close()
        with w.node.connect() as here, w.node_b.connect() as there, w.node.connect() as last:
            free(here, "a slot")
            free(there, "a slot at the other node")
            like(last.ask("u@slots.test"), "2 of 2 connections")


def groups(w):
    with case("scope provider: the provider's domains share one limit"):
        with w.node.connect() as p:
            passes(p, "u@provider.test")
            passes(p, "u@provider-two.test")
            like(p.ask("u@provider.test"), "group provider: limit 2/1h")
    with case("scope site: domains with the same MX set share, others don't"):
        with w.node.connect() as p:
            passes(p, "u@site.test")
            passes(p, "u@site-two.test")
            like(p.ask("u@site.test"), r"group site/mx1\.site\.test: limit 2/1h")
            passes(p, "u@site-other.test")
    with case("a domain that mixes two providers falls to the default rule"):
        with w.node.connect() as p:
            passes(p, "u@mixed.test")
            named = w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1)
            equal(len([g for g in named if g.startswith("default/mx1.provider.test+")]), 1, str(named))
    with case("a site of several hosts is named by the first, how many others there are, and a digest"):
        with w.node.connect() as p:
            passes(p, "u@twin.test")
            named = w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1)
            like("\n".join(named), r"(?m)^default/mx1\.twin\.test\+1-[0-9a-f]{8}$")


def domains(w):
    with w.node.connect() as p:
        with case("a domain that does not exist: 5.1.2"):
            equal(p.ask("u@gone.test"), "550 5.1.2 mxpace: domain gone.test does not exist")
        with case("null MX: 5.1.10"):
            equal(p.ask("u@nullmx.test"), "556 5.1.10 mxpace: domain nullmx.test accepts no mail (null MX)")
        with case("no MX but an address: the implicit MX is the group"):
            passes(p, "u@implicit.test")
            check("default/implicit.test" in w.redis.cmd("ZRANGE", "mxpace:groups", 0, -1), "no such group")
        with case("refused domains reach the client through Postfix with their codes"):
            answers = w.postfix.send("news@shop.test", ["u@gone.test", "u@nullmx.test", "u@implicit.test"])
            equal([code for code, _ in answers.values()], [550, 556, 250])
            like(answers["u@gone.test"][1], r"^5\.1\.2 ")
            like(answers["u@nullmx.test"][1], r"^5\.1\.(10|0) ")  # Postfix 3.7 makes 5.1.0 of what is above 5.1.8
        with case("DNS fails: deferred, with the reason"):
            like(p.ask("u@servfail.test"), r"^DEFER_IF_PERMIT 4\.4\.3 mxpace: MX look-up of servfail\.test failed: \S")
        with case("DNS is silent: deferred within dns_timeout, and nobody else waits for it"):
            with w.node.connect() as other:
                began = time.monotonic()
                for _ in range(2):  # the second look-up begins anew, and ends as soon
                    p.send(SHORTEST.replace(b"foo", b"silent"))
                    passes(other, "u@foo.test")
                    check(time.monotonic() - began < 0.4 * PATIENCE, "the other one waited too")
                    like(p.action(), r"^DEFER_IF_PERMIT 4\.4\.3 mxpace: MX look-up of silent\.test failed: \S")
                    took = time.monotonic() - began
                    check(took < 0.5 + 0.4 * PATIENCE, "it took %.2f s" % took)
                    began = time.monotonic()
    with case("on_dns_failure = permit: passes, within dns_timeout"):
        with w.policyd("c", on_dns_failure="permit", dns_timeout="500ms") as node, node.connect() as p:
            began = time.monotonic()
            passes(p, "u@servfail.test")
            passes(p, "u@silent.test")
            check(time.monotonic() - began < 0.5 + 0.4 * PATIENCE, "it took %.2f s" % (time.monotonic() - began))
            like(p.ask("u@gone.test"), "^550 5.1.2 ")


def quarantine(w):
    done = w.mxctl("quarantine", "add", "gone@quarantine.test")
    equal(done.returncode, 0, done.stderr)
    with w.node.connect() as p:
        with case("a quarantined recipient is refused with since when and why, and takes nothing from the limit"):
            like(p.ask("gone@quarantine.test"),
                 r"^550 5\.1\.1 mxpace: gone@quarantine\.test is quarantined since \d{4}-\d\d-\d\d: \w+")
            wait_for(lambda: counted(w, "quarantine", "1h") == 0, "what it took to be given back")
        with case("however the address is written"):
            like(p.ask("Gone@Quarantine.Test"), r"^550 5\.1\.1 ")
        with case("others of its domain pass"):
            passes(p, "here@quarantine.test")
        with case("Postfix refuses the RCPT"):
            answers = w.postfix.send("news@shop.test", ["gone@quarantine.test"])
            equal(answers["gone@quarantine.test"][0], 550)
            like(answers["gone@quarantine.test"][1], r"^5\.1\.1 .*is quarantined since")
        with case("the null sender passes: over a limit, to a quarantined recipient, and isn't counted"):
            passes(p, "gone@quarantine.test", sender="")
            before = counted(w, "quarantine", "1h")
            for _ in range(3):
                passes(p, "here@quarantine.test", sender="")
            equal(counted(w, "quarantine", "1h"), before)
            like(p.ask("u@five.test") + p.ask("u@three.test"), "limit")
            passes(p, "u@three.test", sender="")
        with case("postmaster is never refused for quarantine"):
            equal(w.mxctl("quarantine", "add", "postmaster@foo.test").returncode, 0)
            passes(p, "postmaster@foo.test")
            passes(p, "PostMaster@foo.test")
            passes(p, "postmaster")
    for action, pattern in (("discard", r"^DISCARD\b"), ("hold", r"^HOLD\b"), ("prepend", r"^PREPEND X-\S+: ")):
        with case("quarantine_action = " + action):
            with w.policyd("c", quarantine_action=action) as node, node.connect() as p:
                like(p.ask("gone@quarantine.test"), pattern)
                passes(p, "here@foo.test")


def listeners(w):
    with case("the unix socket has socket_mode, and the group that its folder gives it"):
        st = os.stat(w.node.socket)
        equal(oct(stat.S_IMODE(st.st_mode)), "0o660")
        equal(st.st_gid, os.stat(os.path.dirname(w.node.socket)).st_gid)
    isolation.add_address(NETWORK_CLIENT, 2)
    both = "unix:%s inet:127.0.0.1:10040, inet:%s:10040" % (w.socket_path("c"), NETWORK_CLIENT)
    with case("a listener that isn't on loopback needs allow_from: told with file, line and key"):
        path = w.write_conf(w.root + "/open.conf", "c", policy_listen=both)
        done = w.run(w.binary("mxpolicyd"), "-t", "-c", path)
        check(done.returncode > 0, "exit %d" % done.returncode)
        like(done.stderr, r"open\.conf:\d+: policy_listen: .*allow_from")
    with w.policyd("c", policy_listen=both, allow_from=["192.0.2.0/24"]):
        with case("several listeners, unix and inet, serve at once"):
            for where in (w.socket_path("c"), ("127.0.0.1", 10040)):
                with Policy(where) as p:
                    passes(p, "u@foo.test")
        with case("a client of another network is hung up on"):
            try:
                with Policy((NETWORK_CLIENT, 10040), source=NETWORK_CLIENT) as p:
                    raise AssertionError("it answered " + p.ask("u@foo.test"))
            except (Closed, BrokenPipeError, ConnectionResetError):
                pass
        with case("a client of loopback isn't"):
            with Policy((NETWORK_CLIENT, 10040), source="127.0.0.1") as p:
                passes(p, "u@foo.test")
    with case("a client of a network in allow_from is served"):
        with w.policyd("c", policy_listen=both, allow_from=["10.9.9.0/24"]):
            with Policy((NETWORK_CLIENT, 10040), source=NETWORK_CLIENT) as p:
                passes(p, "u@foo.test")
    with case("a stopped mxpolicyd takes its socket with it; one that a killed one left is no hindrance"):
        path = w.socket_path("c")
        check(not os.path.exists(path), "it is still there")
        with w.policyd("c") as node:
            node.send(signal.SIGKILL)
            node.wait()
            check(os.path.exists(path), "a killed one should have left it")
            node.start()
            with node.connect() as p:
                passes(p, "u@foo.test")


def run(w):
    w.node = w.policyd("a", dns_timeout="500ms")
    w.node_b = w.policyd("b", dns_timeout="500ms")
    through_postfix(w)
    limits(w)
    fleet(w)
    slots(w)
    groups(w)
    domains(w)
    quarantine(w)
    listeners(w)


if __name__ == "__main__":
    once = {"limits": ["1/1h"]}
    options = world.providers(
        three={"limits": ["3/1h"]}, once={"limits": ["3/1h"]}, single={"connections": 1}, relay={"limits": ["9/1h"]},
        five={"limits": ["5/10s"]}, short={"limits": ["3/1s"]}, race={"limits": ["5/10s"]},
        together={"limits": ["5/10s"], "per": "group"}, fleet={"limits": ["5/1h"]}, slots={"connections": 2},
        provider={"limits": ["2/1h"]}, site={"limits": ["2/1h"], "scope": "site"}, quarantine={"limits": ["2/1h"]},
        default={"limits": ["1000/1h"]}, **{"both-a": once, "both-b": once})
    options["hosts"]["mx2.site.test"] = "127.0.2.200"
    options["domains"]["site-other.test"] = ["mx2.site.test"]
    options["domains"]["mixed.test"] = ["mx1.provider.test", "mx1.foo.test"]
    tap.main(run, postfix=2, **options)
