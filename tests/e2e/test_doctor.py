#!/usr/bin/python3
"""mxctl doctor: a sound set-up gives no complaint, and each fault is named by the check that it belongs to, by no other."""
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time

import tap
import world
from process import wait_for
from tap import case, check, equal, like
from world import CONF, CONF_FOLDER, SENDING_IP, STATE_FOLDER

DONE, NO, AWAY = 0, 1, 3
KEY = CONF_FOLDER + "/verp.key"
DOMAIN = "bounces.example.com"
PASSWORD = "secret"
NAMES = ("--mx-host=%s,mta1.shop.test,10" % DOMAIN, "--host-record=mta1.shop.test," + SENDING_IP,
         "--txt-record=%s,v=spf1 ip4:%s -all" % (DOMAIN, SENDING_IP))
BOUNCE = 'text = ( { name = "unknown"; type = "hard"; reason = "user_unknown"; match = "no such user"; ' \
         'sample = [ "550 no such user" ]; } );\n'
NOT_OURS = {"systemd"}  # the world has no units
if os.environ.get("MXPACE_WRAP"):
    NOT_OURS.add("open-files")  # the kernel knows mxpolicyd by valgrind's name
EVERY = False  # fault, or only the first of each check


class Doctor:
    def __init__(self, w):
        self.w = w

    def run(self):
        return self.w.mxctl("--json", "doctor")

    def complaints(self):
        """{check: what it says} of what is not as it should be, and the exit status."""
        done = self.run()
        try:
            checks = json.loads(done.stdout)["checks"]
        except (ValueError, KeyError) as error:
            raise AssertionError("%s: %r %r" % (error, done.stdout[:300], done.stderr[:300])) from error
        equal(done.stderr, "")
        return {c["check"]: c for c in checks
                if c["state"] in ("warning", "wrong", "away") and c["check"] not in NOT_OURS}, done.returncode


# -- what is planted: context managers that take it out again ------------------------------------

@contextlib.contextmanager
def kept(path):
    """The file as it was, afterwards: text, owner and mode."""
    copy = path + ".kept"
    status = os.stat(path)
    shutil.copy2(path, copy)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        shutil.move(copy, path)
        os.chown(path, status.st_uid, status.st_gid)


@contextlib.contextmanager
def main_cf(w, *settings):
    with kept(w.postfix.config + "/main.cf"):
        w.postfix.set(*settings)
        yield
    w.postfix.settle()


@contextlib.contextmanager
def silent_table(w):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with main_cf(w, "transport_maps = tcp:127.0.0.1:%d, texthash:%s/transport.bounce" % (port, w.postfix.config)):
            yield


@contextlib.contextmanager
def edited(path, pattern, replacement, settle=None):
    """A file with something replaced."""
    with kept(path):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        changed = re.sub(pattern, replacement, text, flags=re.M)
        check(changed != text, "%s has no /%s/" % (path, pattern))
        with open(path, "w", encoding="utf-8") as f:
            f.write(changed)
        if settle:
            settle()
        yield
    if settle:
        settle()


def master_cf(w, pattern, replacement):
    return edited(w.postfix.config + "/master.cf", pattern, replacement, w.postfix.settle)


@contextlib.contextmanager
def conf(w, **settings):
    with kept(CONF):
        w.write_conf(CONF, **{**w.ours, **settings})
        cache(w)
        yield
    cache(w)


def cache(w):
    """Writes mxbounce's, as an administrator does after a change."""
    wait_for(lambda: "not written" not in w.mxctl("rules", "check").stdout, "the cache to be written")


@contextlib.contextmanager
def mode(path, wanted, owner=None):
    before = os.stat(path)
    if owner:
        shutil.chown(path, *owner)
    os.chmod(path, wanted)
    try:
        yield
    finally:
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, before.st_mode & 0o7777)


@contextlib.contextmanager
def redis_set(w, name, value):
    before = w.redis.cmd("CONFIG", "GET", name)[1]
    w.redis.cmd("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        w.redis.cmd("CONFIG", "SET", name, before)


@contextlib.contextmanager
def without_right(w):
    w.redis.cmd("ACL", "SETUSER", "mxpace", "-hincrby")
    try:
        yield
    finally:
        w.redis.cmd("ACL", "SETUSER", "mxpace", "+hincrby")


@contextlib.contextmanager
def between(w, change):
    """mxctl asks a Redis whose answers are changed on their way."""
    def serve(client):
        with client, socket.create_connection((w.redis.address, w.redis.PORT)) as server:
            threading.Thread(target=pump, args=(client, server, lambda data: data), daemon=True).start()
            pump(server, client, change)

    def pump(source, sink, through):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(through(data))
            sink.shutdown(socket.SHUT_WR)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        url = w.ours["redis"].replace("%s:%d" % (w.redis.address, w.redis.PORT), "127.0.0.1:%d" % listener.getsockname()[1])
        with conf(w, redis=url):
            yield
        listener.shutdown(socket.SHUT_RDWR)


def late(data):
    time.sleep(0.06)  # the fault itself: nothing is waited for
    return data


def an_hour_ago(data):
    return re.sub(rb"\A\*2\r\n\$10\r\n(\d{10})\r\n", lambda m: b"*2\r\n$10\r\n%d\r\n" % (int(m[1]) - 3600), data)


@contextlib.contextmanager
def stopped(process):
    process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send(signal.SIGCONT)


@contextlib.contextmanager
def dns(w, *names):
    w.dns.restart(*names)
    try:
        yield
    finally:
        w.dns.restart(*NAMES)


@contextlib.contextmanager
def no_dns(w):
    w.dns.stop()
    try:
        yield
    finally:
        w.dns.restart(*NAMES)


@contextlib.contextmanager
def many_clients(w):
    """More than the files that mxpolicyd may have open."""
    with open("/proc/%d/limits" % w.node.pid, encoding="ascii") as f:
        limit = re.search(r"^Max open files +\d+ +(\d+)", f.read(), re.M)
    check(limit, "there is no limit on this host: the test cannot tell")
    with conf(w, max_clients=int(limit[1])):
        yield


@contextlib.contextmanager
def small_disk(_w):
    """The state directory on a disk of its own that is too small."""
    copy = STATE_FOLDER + ".kept"
    subprocess.run(["cp", "-a", STATE_FOLDER, copy], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0755", "small", STATE_FOLDER], check=True)
    try:
        shutil.chown(STATE_FOLDER, "mxpace", "mxpace")
        subprocess.run(["cp", "-a", copy + "/.", STATE_FOLDER], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", STATE_FOLDER], check=True)
        shutil.rmtree(copy)


@contextlib.contextmanager
def missing(path):
    os.rename(path, path + ".away")
    try:
        yield
    finally:
        os.rename(path + ".away", path)


@contextlib.contextmanager
def twin(w):
    """Another mxpolicyd of the same name, until both know; afterwards until they have forgotten."""
    def known():
        return w.redis.cmd("HGET", "mxpace:node:mta1", "twin") == "yes"
    with w.policyd("b", **{**w.ours, "node": "mta1", "map_listen": "unix:" + w.socket_path("b").replace("policy", "map"),
                           "metrics_listen": "127.0.0.1:9926"}):
        wait_for(known, "the twins to notice", 40)
        yield
    wait_for(lambda: w.redis.cmd("HGET", "mxpace:node:mta1", "twin") == "no", "the one that is left to notice", 40)


def policy(options):
    text = "check_policy_service { unix:mxpace/policy%s }" % options
    return ["smtpd_recipient_restrictions = " + text, "smtpd_end_of_data_restrictions = " + text]


# label, what is planted, the checks that complain, what they say, the exit status
FAULTS = [
    ("a mistake in mxpace.conf", lambda w: edited(CONF, r"\Z", "\nnonsense = 1;\n"), "configuration", "nonsense", NO),
    ("a mistake in the MX rules", lambda w: edited(CONF_FOLDER + "/mx-rules.conf", "scope", "scoop"), "rules", "scoop", NO),
    ("a configuration that mxpolicyd cannot read", lambda w: mode(CONF, 0o600, ("root", "root")), "files", "chmod 0640", NO),
    ("a password that everybody may read", lambda w: mode(CONF, 0o644), "files", "password", DONE),
    ("bounce rules that changed since mxbounce's cache", lambda w: edited(CONF_FOLDER + "/bounce-rules.conf", r"\Z", "\n# x\n"),
     "rules-cache", "mxctl rules check", DONE),
    ("a key that everybody may read", lambda w: mode(KEY, 0o644), "keys", "forge", NO),
    ("a key that mxpolicyd cannot read", lambda w: mode(KEY, 0o600, ("root", "root")), "keys", "chown root:mxpace", NO),
    ("a key that is missing", lambda w: missing(KEY), "keys", "not there", NO),
    ("a state directory that mxpolicyd cannot write", lambda w: mode(STATE_FOLDER, 0o755, ("root", "root")), "state", "chown mxpace", NO),
    ("a full disk", small_disk, "disk", "make room", NO),

    ("Redis that hangs", lambda w: stopped(w.redis_process), "redis", "6379", AWAY),
    ("a Redis that throws keys away", lambda w: redis_set(w, "maxmemory-policy", "allkeys-lru"), "redis-eviction", "noeviction", NO),
    ("a Redis that does not write to disk", lambda w: redis_set(w, "appendonly", "no"), "redis-disk", "appendonly yes", NO),
    ("a Redis that is almost full", lambda w: redis_set(w, "maxmemory", int(w.redis.statistic("used_memory") * 1.05)),
     "redis-memory", "maxmemory", NO),
    ("a Redis user that lacks a right", without_right, "redis-rights", r"\+hincrby", NO),
    ("a Redis that takes no writes", lambda w: redis_set(w, "min-replicas-to-write", "1"), "redis-writes",
     "NOREPLICAS", NO),
    ("a Redis that is too old", lambda w: between(w, lambda data: re.sub(rb"(redis_version:)\d", rb"\g<1>5", data)),
     "redis-version", "too old", NO),
    ("a Redis far away", lambda w: between(w, late), "redis-latency", "ms for an answer", NO),
    ("a Redis with another time", lambda w: between(w, an_hour_ago), "clock", "3[56][0-9][0-9] s behind", NO),
    ("two mxpolicyd of one name", twin, "twins", "node name", NO),

    ("the sockets' folder open to all", lambda w: mode(w.queue + "/mxpace", 0o755), "socket-folder", "install -d -o mxpace", NO),
    ("the sockets' folder of another group", lambda w: mode(w.queue + "/mxpace", 0o2750, ("mxpace", "mxpace")), "socket-folder",
     "mxpace:mxpace 2750", NO),
    ("a socket that everybody may use", lambda w: mode(w.queue + "/mxpace/map", 0o666), "sockets", "everybody", NO),
    ("a socket that Postfix may not use", lambda w: mode(w.queue + "/mxpace/policy", 0o600), "sockets", "may not use it", NO),
    ("mxpolicyd that hangs", lambda w: stopped(w.node), "policy map metrics", "no answer", AWAY),
    ("metrics at another port", lambda w: conf(w, metrics_listen="127.0.0.1:9999"), "metrics", "9999", AWAY),
    ("mxpolicyd not started again", lambda w: conf(w, enforce="observe"), "running postfix-setup", 'enforce = "egress"', NO),
    ("too few open files", many_clients, "open-files", "LimitNOFILE", NO),
    ("too few clients for Postfix's processes", lambda w: conf(w, max_clients=50), "clients", "max_clients", DONE),

    ("a transport's limit changed", lambda w: edited(w.postfix.config + "/main.cf", "^mxp-unknown-1_destination_recipient_limit.*",
                                                     "mxp-unknown-1_destination_recipient_limit = 1", w.postfix.settle),
     "postfix-setup", "mxctl postfix setup --reload", NO),
    ("qmgr that asks nobody", lambda w: master_cf(w, r"^.*rewrite_service_name=.*\n", ""), "postfix-setup", "setup", NO),
    ("a relayhost", lambda w: main_cf(w, "relayhost = [smart.test]"), "delivery", "relayhost", NO),
    ("a domain that the site routes", lambda w: edited(w.postfix.config + "/transport.bounce", r"\Z", "gate.test smtp:[gate]\n",
                                                       w.settle_tables), "exceptions", "gate.test", NO),
    ("an exception that nobody routes", lambda w: conf(w, transport_exceptions=["gate.test"]), "exceptions", "gate.test", DONE),
    ("a queue that is run too seldom", lambda w: main_cf(w, "queue_run_delay = 300s"), "timers", "queue_run_delay", DONE),
    ("deferred mail that comes back too late", lambda w: main_cf(w, "maximal_backoff_time = 4000s"), "timers", "--timers", DONE),
    ("another size of the active queue", lambda w: main_cf(w, "qmgr_message_active_limit = 5000"), "active-queue", "5000", DONE),
    ("TLS connections that are not used again", lambda w: main_cf(w, "smtp_tls_security_level = may"), "tls-reuse",
     "smtp_tls_connection_reuse=yes", DONE),
    ("... and nothing that would do it", lambda w: main_cf(w, "smtp_tls_security_level = may", "smtp_tls_connection_reuse = yes"),
     "tls-reuse", "tlsproxy", NO),
    ("recipients that are not asked about", lambda w: main_cf(w, "smtpd_recipient_restrictions ="), "admission", "recipient_restr", NO),
    ("ends of messages that are not told", lambda w: main_cf(w, "smtpd_end_of_data_restrictions ="), "admission", "end_of_data", NO),
    ("a permit before the check", lambda w: main_cf(
        w, "smtpd_recipient_restrictions = permit_mynetworks, "
           "check_policy_service { unix:mxpace/policy, timeout=5s, default_action=DUNNO }"), "admission", "permit_mynetworks", NO),
    ("a check that names another socket", lambda w: main_cf(
        w, "smtpd_recipient_restrictions = check_policy_service { unix:mxpace/polici, timeout=5s, default_action=DUNNO }"),
     "admission", "recipient_restr", NO),
    ("no time-out for the check", lambda w: main_cf(w, *policy(", default_action=DUNNO")), "admission-timeout", "100s", DONE),
    ("mail refused while mxpolicyd is away", lambda w: main_cf(w, *policy(", timeout=5s, default_action=REJECT")),
     "admission-default", "DUNNO", NO),
    ("no default action", lambda w: main_cf(w, *policy(", timeout=5s")), "admission-default", "451", DONE),
    ("no relay restrictions", lambda w: main_cf(w, "smtpd_relay_restrictions ="), "relay", "strangers", NO),

    ("mxbounce run as somebody else", lambda w: master_cf(w, "user=mxpace", "user=nobody"), "pipe", "nobody", NO),
    ("mxbounce not told the null sender", lambda w: master_cf(w, " null_sender=", ""), "pipe", "null_sender", NO),
    ("mxbounce that is not there", lambda w: master_cf(w, "argv=/usr/libexec", "argv=/usr/libexec2"), "pipe", "libexec2", NO),
    ("no flags", lambda w: master_cf(w, "flags=q ", ""), "pipe", "flags=q", DONE),
    ("a time limit below mxbounce's own", lambda w: master_cf(w, "mxbounce_time_limit=300", "mxbounce_time_limit=20"),
     "pipe-time-limit", "lost", NO),
    ("several recipients for one mxbounce", lambda w: main_cf(w, "mxbounce_destination_recipient_limit = 50"),
     "pipe-recipients", "= 50", NO),
    ("a return-path domain that is not routed", lambda w: edited(w.postfix.config + "/transport.bounce", "^bounces", "#",
                                                                w.settle_tables), "return-path", "does not go to", NO),
    ("a return-path domain that Postfix does not take", lambda w: main_cf(w, "relay_domains ="), "return-path", "relay_domains", NO),
    ("a return-path domain that is paced", lambda w: conf(w, local_domains=["local.test"]), "return-path", "local_domains", NO),

    ("a resolver that is away", no_dns, "resolver", "does not answer", NO),
    ("a resolver without times to live", lambda w: dns(w, *NAMES, "--local-ttl=0"), "resolver", "0 s", DONE),
    ("no MX record", lambda w: dns(w, *NAMES[1:], "--local=/example.com/"), "return-path-mx", "IN MX", NO),
    ("an MX elsewhere", lambda w: dns(w, *NAMES[1:], "--mx-host=%s,mx.else.test,10" % DOMAIN,
                                      "--host-record=mx.else.test,203.0.113.9"), "return-path-mx", "203.0.113.9", DONE),
    ("no SPF record", lambda w: dns(w, *NAMES[:2], "--local=/example.com/"), "return-path-spf", "no SPF", NO),
    ("a table that does not answer", silent_table, "postfix-setup return-path", "postmap -q", NO),
    ("an SPF record without the address", lambda w: dns(w, *NAMES[:2], "--txt-record=%s,v=spf1 ip4:203.0.113.0/24 -all" % DOMAIN),
     "return-path-spf", "ip4:" + SENDING_IP, NO),
    ("two SPF records", lambda w: dns(w, *NAMES, "--txt-record=%s,v=spf1 -all" % DOMAIN), "return-path-spf", "2 SPF", NO),
    ("an address without a name", lambda w: dns(w, NAMES[0], NAMES[2], "--address=/mta1.shop.test/" + SENDING_IP,
                                                "--local=/in-addr.arpa/"), "ptr", "PTR", NO),
    ("a name without the address", lambda w: dns(w, NAMES[0], NAMES[2], "--address=/mta1.shop.test/" + SENDING_IP,
                                                 "--ptr-record=7.100.51.198.in-addr.arpa,mx1.foo.test"), "ptr", "mx1.foo.test", NO),
]


def first_of_each(rows):
    seen = set()
    return [row for row in rows if row[2] not in seen and not seen.add(row[2])]


def faults(w):
    for label, plant, wanted, words, status in FAULTS if EVERY else first_of_each(FAULTS):
        if wanted in NOT_OURS:
            continue
        with case("%s: %s complains" % (label, wanted)):
            with plant(w):
                begin = time.monotonic()
                found, code = w.doctor.complaints()
                took = time.monotonic() - begin
            equal(sorted(found), sorted(wanted.split()), json.dumps(found))
            like(" ".join(one["says"] + ". " + one["do"] for one in found.values()), words)
            check(all(one["do"] for one in found.values()), "nothing to do: %r" % found)
            equal(code, status)
            check(took < 5 * world.PATIENCE, "it took %.1f s" % took)


def blind(w):
    """Not among the faults: what is planted lasts until the next heartbeat only."""
    def complains():
        w.redis.cmd("HSET", "mxpace:node:mta1", "kernel_view", "none")
        return sorted(w.doctor.complaints()[0]) == ["kernel-view"]
    with case("mxpolicyd that sees no connections: kernel-view complains"):
        wait_for(complains, "the complaint", 30)
        wait_for(lambda: not w.doctor.complaints()[0], "the next heartbeat", 30)


def shown(w):
    with case("for people: what complains, and how many do not"):
        done = w.mxctl("doctor")
        equal(done.returncode, DONE)
        like(done.stdout, r"\d+ checks: \d+ fine, \d+ skipped, \d+ warnings?, 0 wrong, 0 away\n\Z")
        with main_cf(w, "relayhost = [smart.test]"):
            done = w.mxctl("doctor")
            equal(done.returncode, NO)
            like(done.stdout, r"(?s)delivery +wrong +relayhost = \[smart\.test\].*Do: ")
            check("redis-memory" not in done.stdout, done.stdout)
    with case("with --all: every check"):
        like(w.mxctl("doctor", "--all").stdout, r"(?m)^ *redis-memory +fine")
    with case("root that may not become somebody else, as in a container: what it cannot tell is skipped"):
        done = w.run("setpriv", "--bounding-set=-setgid", w.binary("mxctl"), "-c", CONF, "doctor", "--all")
        equal((done.returncode, done.stderr), (DONE, ""), done.stdout)
        like(done.stdout, r"(?m)^ *socket-folder +skipped +only root can tell")
    with case("another directory of Postfix: -c"):
        like(w.mxctl("doctor", "-c", "/nowhere").stdout, r"(?m)^ *postfix +wrong ")


def set_up(w):
    """As INSTALL says, all of it."""
    w.queue = w.postfix.queue
    w.doctor = Doctor(w)
    w.settle_tables = lambda: os.utime(w.postfix.config + "/transport.bounce", (time.time() - 60,) * 2)
    w.redis_process = w.redis._process  # pylint: disable=protected-access
    with open(world.TREE + "/INSTALL", encoding="utf-8") as f:
        acl = re.search(r"redis-cli (ACL SETUSER mxpace (?:.*\\\n)*.*)", f.read())[1]
    w.redis.cmd(*(">" + PASSWORD if word.startswith(">") else word for word in shlex.split(acl.replace("\\\n", " "))))
    w.redis.cmd("CONFIG", "SET", "appendonly", "yes")
    w.dns.restart(*NAMES)
    with open(CONF_FOLDER + "/bounce-rules.conf", "w", encoding="utf-8") as f:
        f.write(BOUNCE)  # few: each run of the doctor checks them
    w.ours = {"redis": w.redis.url.replace("//", "//mxpace:%s@" % PASSWORD), "enforce": "egress",
              "map_listen": "unix:%s/mxpace/map" % w.queue, "return_path_keys": [KEY], "return_path_domains": [DOMAIN]}
    equal(w.mxctl("verp", "key", KEY).returncode, DONE)
    shutil.chown(KEY, "root", "mxpace")
    os.chmod(KEY, 0o640)
    w.write_conf(CONF, **w.ours)
    shutil.chown(CONF, "root", "mxpace")
    os.chmod(CONF, 0o640)
    w.node = w.policyd("a", **w.ours)
    done = w.mxctl("postfix", "setup", "--timers")
    equal(done.returncode, DONE, done.stdout + done.stderr)
    w.postfix.settle()
    w.settle_tables()
    cache(w)
    wait_for(lambda: w.redis.cmd("EXISTS", "mxpace:node:mta1"), "the node to be known")


def run(w):
    set_up(w)
    with case("a sound set-up: no complaint, 0"):
        found, code = w.doctor.complaints()
        equal(found, {})
        equal(code, DONE)
        skipped = [c["check"] for c in json.loads(w.doctor.run().stdout)["checks"] if c["state"] == "skipped"]
        equal(sorted(set(skipped) - NOT_OURS), ["rules-update", "tls-required", "tls-reuse"])
    faults(w)
    blind(w)
    shown(w)
    with case("... and all is sound again"):
        equal(w.doctor.complaints(), ({}, DONE))


def main():
    tap.main(run, postfix=1, examples=world.ADMISSION + world.BOUNCE)


if __name__ == "__main__":
    main()
