"""A private mail world: providers with DNS and MX hosts, Redis, Postfix nodes, mxpolicyd, mxbounce.

Lives inside isolation.enter(). Everything stands where a real installation has it (/etc/mxpace, /etc/postfix,
/var/spool/postfix, /usr/libexec/mxpace/mxbounce), mxpolicyd and mxbounce run as the user mxpace.

    MXPACE_BUILD   folder of the binaries, default build/release
    MXPACE_WRAP    put before mxpolicyd and mxbounce, e.g. "valgrind -q --error-exitcode=99 --leak-check=full"
    MXPACE_KEEP    a folder that gets a copy of all logs at the end
"""
import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess

import isolation
import libconf
from dns import Dns
from policy import Policy
from postfix import Postfix
from process import PATIENCE, Log, Process, wait_for
from redis_server import RedisServer
from sink import Sink

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = TREE + "/postfix-examples"
ADMISSION = ("main.cf.admission",)
BOUNCE = ("main.cf.bounce", "master.cf.bounce", "transport.bounce")
RETURN_PATH = "news@bounces.example.com"  # the domain that the example files show

CONF_FOLDER = "/etc/mxpace"
CONF = CONF_FOLDER + "/mxpace.conf"
MXBOUNCE = "/usr/libexec/mxpace/mxbounce"
STATE_FOLDER = "/var/lib/mxpace"

# Invented sites; the sink listens on these addresses. providers() adds more.
HOSTS = {
    "mx1.foo.test": "127.0.1.1", "mx1.twin.test": "127.0.1.2", "mx2.twin.test": "127.0.1.3",
    "implicit.test": "127.0.1.4",
}
DOMAINS = {
    "foo.test": ["mx1.foo.test"], "foo-hosted.test": ["mx1.foo.test"],
    "twin.test": ["mx1.twin.test", "mx2.twin.test"],
    "nullmx.test": [],
}
DEFAULT_RULE = {"name": "default", "mx": ["*"], "scope": "site"}
HOSTNAMES = {"a": "mta1.shop.test", "b": "mta2.shop.test"}
SENDING_IP = "198.51.100.7"  # a name in keys; nothing binds to it

REPORTS = r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|^==\d+== "


def providers(default=None, **named):
    """World's options for a world with these providers besides: providers(big={"limits": ["5/10s"]}) has the rule big
    for *.big.test and the domains big.test and big-two.test on one MX host, mx1.big.test."""
    hosts, domains, rules = dict(HOSTS), dict(DOMAINS), []
    for number, (name, limits) in enumerate(named.items(), 1):
        mx = "mx1.%s.test" % name
        hosts[mx] = "127.0.2.%d" % number
        domains["%s.test" % name] = domains["%s-two.test" % name] = [mx]
        rules.append({"name": name, "mx": ["*.%s.test" % name], **limits})
    return {"hosts": hosts, "domains": domains, "rules": [*rules, {**DEFAULT_RULE, **(default or {})}]}


def build_folder():
    return os.path.join(TREE, os.environ.get("MXPACE_BUILD", "build/release"))


class Policyd:
    """One running mxpolicyd."""

    def __init__(self, world, name, conf_path, path):
        self.name, self.conf_path, self.socket = name, conf_path, path
        self.log = Log(world.logs + "/mxpolicyd-%s.log" % name)
        self._world = world
        self._process = None
        self._ending = False  # as it was told to

    def start(self):
        since = self.log.mark()
        self._ending = False
        argv = [*self._world.wrap("mxpolicyd-" + self.name), self._world.binary("mxpolicyd"), "-c", self.conf_path]
        with self._world.network(self.name):
            self._process = self._spawn(argv, {"env": self._world.report_options(self.name), "user": "mxpace"})

        def says_so():
            if not self._process.running():
                raise AssertionError("mxpolicyd %s ended: %s" % (self.name, "; ".join(self.log.tail(3))))
            return self.log.find(r"info: ready: ", since)
        wait_for(says_so, "mxpolicyd %s to be ready" % self.name)
        return self

    def _spawn(self, argv, options):
        return Process("mxpolicyd " + self.name, argv, self.log.path, **options)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.end()
        else:
            self._process.stop()

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process is not None and self._process.running()

    def connect(self):
        """A policy connection over its unix socket."""
        return Policy(self.socket)

    def send(self, number):
        self._ending = self._ending or number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL)
        self._process.send(number)

    def wait(self, deadline=10.0):
        """Its exit status, once it has ended as it was told to."""
        return self._process.wait(deadline)

    def end(self):
        """stop(), unless it was told to end before; AssertionError if it has ended by itself."""
        if self.running():
            self.stop()
        elif not self._ending:
            raise AssertionError("mxpolicyd %s ended by itself with %d" % (self.name, self._process.wait()))

    def stop(self):
        """SIGTERM; it must end by itself, with 0."""
        self._ending = True
        code = self._process.stop()
        if self._process.killed:
            raise AssertionError("mxpolicyd %s did not end after SIGTERM and was killed" % self.name)
        if code != 0:
            raise AssertionError("mxpolicyd %s ended with %d" % (self.name, code))

    def descriptors(self):
        """How many files and connections it has open."""
        return len(os.listdir("/proc/%d/fd" % self.pid))


class World:
    """with World(...) as w: w.redis, w.dns, w.sink, w.postfix, w.postfix_b; w.policyd(...) starts an mxpolicyd."""

    def __init__(self, rules=None, conf=None, postfix=0, examples=ADMISSION, hosts=HOSTS, domains=DOMAINS):
        """postfix: how many nodes. conf: settings of mxpace.conf beside the ones every test needs."""
        self.root = isolation.root
        self.logs = self.root + "/logs"
        self._reports = self.root + "/reports"
        self.unseen = set()  # names of programs that change their user: the leak sanitizer cannot look into them
        self._conf = conf or {}
        self._rules = rules or [DEFAULT_RULE]
        self._hosts, self._domains = hosts, domains
        self._postfix_count, self._examples = postfix, examples
        self._parts = []
        self._nodes = {}
        self.postfix = self.postfix_b = None

    def __enter__(self):
        try:
            self._host_files()
            self._install()
            self._launch()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind, error, _traceback):
        complaints = self._end()
        if complaints and kind is None:
            raise AssertionError("\n".join(complaints))
        for complaint in complaints:
            error.add_note(complaint)

    # What the world is made of.

    def _host_files(self):
        os.mkdir(self.logs, 0o755)
        os.mkdir(self._reports)
        os.chmod(self._reports, 0o1777)
        os.chmod(self.logs, 0o755)
        for file in ("passwd", "group"):
            with open(isolation.host("/etc/" + file), encoding="utf-8") as f:
                lines = [line for line in f.read().splitlines() if not line.startswith("mxpace:")]
            taken = {line.split(":")[2] for line in lines}
            number = next(n for n in map(str, range(64000, 65000)) if n not in taken)
            lines.append({"passwd": "mxpace:x:%s:%s::/nonexistent:/usr/sbin/nologin", "group": "mxpace:x:%s:"}[file]
                         % ((number, number) if file == "passwd" else number))
            isolation.own_file("/etc/" + file, "\n".join(lines) + "\n")
        isolation.own_file("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        isolation.own_file("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 %s mta1\n" % HOSTNAMES["a"])
        socket.sethostname(HOSTNAMES["a"])
        isolation.own_file("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")

    def _install(self):
        """What make install does, here."""
        build, programs = build_folder(), ("mxpolicyd", "mxbounce", "mxctl")
        os.mkdir(self.root + "/bin")
        for name in programs:
            if os.path.exists(os.path.join(build, name)):
                shutil.copy(os.path.join(build, name), self.root + "/bin")
        isolation.own_folder(STATE_FOLDER, "mxpace", "mxpace")
        isolation.own_folder(CONF_FOLDER)
        for name in ("mx-rules.conf", "bounce-rules.conf"):
            if os.path.exists(TREE + "/conf/" + name):
                shutil.copy(TREE + "/conf/" + name, CONF_FOLDER)
        self.write_rules(self._rules)
        isolation.own_folder(os.path.dirname(MXBOUNCE))
        if self._examples and "master.cf.bounce" in self._examples:
            self._install_mxbounce()

    def _install_mxbounce(self):
        """A short script in its place notes as whom pipe(8) runs it, keeps the message, and starts the real one."""
        self.returned = self.root + "/returned"
        os.mkdir(self.returned)
        os.chmod(self.returned, 0o1777)
        options = " ".join("%s=%s" % item for item in self.report_options("mxbounce").items())
        command = shlex.join([*self.wrap("mxbounce"), self.binary("mxbounce")])
        with open(MXBOUNCE, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\nid -un >%s/$$.user\ntee %s/$$.eml | %s %s \"$@\"\n"
                    % (self.returned, self.returned, options, command))
        os.chmod(MXBOUNCE, 0o755)

    def _launch(self):
        self.redis = RedisServer(self.root + "/redis", self.logs + "/redis.log")
        self.dns = Dns(self._hosts, self._domains, self.logs + "/dnsmasq.log")
        self.sink = Sink(self.logs + "/sink.log", self._hosts)
        self._parts = [self.redis, self.dns, self.sink]
        for name in "ab"[:self._postfix_count]:
            self._parts.append(self._make_postfix(name))
        self.write_conf(CONF)
        for part in self._parts:
            part.launch()
        for part in self._parts:
            part.ready()

    def _make_postfix(self, name):
        """The first node has the real paths, the second its own."""
        address = {"a": "127.0.0.1", "b": "127.0.0.2"}[name]
        if name == "a":
            paths = ("/etc/postfix", "/var/spool/postfix", "/var/lib/postfix")
            folders = [isolation.own_folder(path) for path in paths]
        else:
            isolation.add_address(address, 1)
            folders = [self.root + "/postfix-b/" + kind for kind in ("etc", "queue", "data")]
            for folder in folders:
                os.makedirs(folder)
        node = Postfix(name, HOSTNAMES[name], address, isolation.host("/etc/postfix"), folders, self.logs)
        if name == "a":
            node.add(EXAMPLES, *self._examples)
        elif self._examples:  # the other way to admission mode, on a host that permits early
            node.set("smtpd_recipient_restrictions = permit_mynetworks, reject")
            node.follow(EXAMPLES + "/README")
        setattr(self, "postfix" if name == "a" else "postfix_b", node)
        return node

    # mxpolicyd and its configuration.

    def write_rules(self, rule_list, path=CONF_FOLDER + "/mx-rules.conf"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(libconf.text({"mx_rules": rule_list}))

    def settings(self, name="a", **settings):
        """What a node's mxpace.conf says."""
        number = "abcdefgh".index(name)
        return {
            "redis": self.redis.url, "node": "mta%d" % (number + 1), "sending_ips": [{"name": SENDING_IP}],
            "policy_listen": "unix:" + self.socket_path(name), "metrics_listen": "127.0.0.1:%d" % (9925 + number),
            "mx_rules_local": "", "local_domains": ["bounces.example.com", "local.test"],
            **self._conf, **settings}

    def write_conf(self, path=CONF, name="a", **settings):
        with open(path, "w", encoding="utf-8") as f:
            f.write(libconf.text(self.settings(name, **settings)))
        return path

    def policyd(self, name="a", path=None, **settings):
        """Starts an mxpolicyd; the Postfix nodes ask "a" and "b". path: its configuration file, written here; that of
        "a" is /etc/mxpace/mxpace.conf unless named otherwise."""
        path = path or (CONF if name == "a" else "%s/node-%s.conf" % (CONF_FOLDER, name))
        self.write_conf(path, name, **settings)
        node = self._nodes[name] = Policyd(self, name, path, self.socket_path(name))
        return node.start()

    def socket_path(self, name, kind="policy"):
        """In a folder that mxpace may write and Postfix may enter, made here if need be."""
        mta = {"a": self.postfix, "b": self.postfix_b}.get(name)
        folder = (mta.queue if mta else "%s/run-%s" % (self.root, name)) + "/mxpace"
        if not os.path.isdir(folder):
            os.makedirs(folder)
            shutil.chown(folder, "mxpace", "postfix" if mta else "mxpace")
            os.chmod(folder, 0o2750)
        return "%s/%s" % (folder, kind)

    def policyd_of(self, name):
        """A node's running mxpolicyd."""
        return self._nodes[name]

    def adopt(self, node):
        """Another kind of Policyd as that node's; starts it."""
        self._nodes[node.name] = node
        return node.start()

    def network(self, _name):
        """Where a node's programs are started: a context manager. Here all nodes share one."""
        return contextlib.nullcontext()

    # Programs.

    def binary(self, name):
        path = "%s/bin/%s" % (self.root, name)
        if not os.path.exists(path):
            raise AssertionError("%s/%s is not there: make it first" % (build_folder(), name))
        return path

    def wrap(self, name):
        words = shlex.split(os.environ.get("MXPACE_WRAP", ""))
        if words and os.path.basename(words[0]) == "valgrind":
            words += ["--vgdb=no", "--log-file=%s/%s.%%p" % (self._reports, name)]  # vgdb leaves pipes in /tmp
        return words

    def report_options(self, name):
        path = "log_path=%s/%s" % (self._reports, name)
        return {"ASAN_OPTIONS": path + (":detect_leaks=0" if name in self.unseen else ""), "UBSAN_OPTIONS": path + ":print_stacktrace=1"}

    def run(self, *argv, data=b"", user=None, deadline=60):
        """One program to its end; text of both outputs."""
        kw = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        done = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, cwd="/",
                              timeout=deadline * PATIENCE, env={**os.environ, **self.report_options("run")}, **kw)
        done.stdout, done.stderr = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done

    def mxctl(self, *args, conf=CONF, data=b""):
        return self.run(self.binary("mxctl"), "-c", conf, *args, data=data)

    def mxbounce_argv(self, *args, conf=CONF, wrapped=True):
        return [*(self.wrap("mxbounce") if wrapped else ()), self.binary("mxbounce"), "-c", conf, *args]

    def mxbounce(self, message, recipient=RETURN_PATH, conf=CONF, wrapped=True):
        """As pipe(8) starts it, for a notice with the null sender. wrapped: in valgrind, if the others are."""
        argv = self.mxbounce_argv("--sender", "", "--recipient", recipient, conf=conf, wrapped=wrapped)
        return self.run(*argv, data=message, user="mxpace")

    # The end.

    def reports(self):
        """What sanitizers and valgrind wrote."""
        found = []
        for folder, names in ((self._reports, None), (self.logs, r"mxpolicyd-.*\.log")):
            for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
                if names is None or re.fullmatch(names, name):
                    log = Log(os.path.join(folder, name))
                    text = log.text().strip() if names is None else "\n".join(log.lines(REPORTS))
                    if text:
                        found.append("%s:\n%s" % (name, text))
        return found

    def tails(self, count=25):
        """The ends of all logs worth reading after a failure, as lines."""
        lines = []
        for name in sorted(os.listdir(self.logs)) if os.path.isdir(self.logs) else ():
            if name not in ("sink.log", "redis.log"):
                tail = Log(os.path.join(self.logs, name)).tail(count)
                lines += ["--- " + name, *tail] if tail else []
        return lines + ["--- " + report for report in self.reports()]

    def _end(self):
        """Ends everything, whatever state it is in; returns what was wrong with mxpolicyd's end."""
        complaints = []
        for node in self._nodes.values():
            try:
                node.end()
            except AssertionError as e:
                complaints.append(str(e))
        for part in reversed(self._parts):
            part.stop()
        complaints += self.reports()  # not before all have ended
        if os.environ.get("MXPACE_KEEP"):
            shutil.copytree(self.logs, os.environ["MXPACE_KEEP"], dirs_exist_ok=True)
        return complaints
