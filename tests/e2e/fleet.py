"""A fleet: up to three Postfix nodes, each with its mxpolicyd in a network of its own, joined to one "internet" where
the providers (provider.py), DNS and Redis are. with Fleet([site("big", domains=20), ...], rules=[...]) as f: f.nodes

    node a  eth0 10.0.0.1 ──╮
    node b  eth0 10.0.0.2 ──┼── bridge, 10.0.0.254: dnsmasq, Redis   lo 10.1.x.y: the providers' MX hosts
    node c  eth0 10.0.0.3 ──╯           fd00::fe                        fd01::x:y

The addresses of a site that are said to be dead belong to nobody: nothing answers there, not even an error.
"""
import contextlib
import dataclasses
import itertools
import os
import pwd
import signal
import smtplib
import socket
import subprocess
import time

import isolation
from dns import Dns
from judge import MailLog, Record, Watch
from postfix import Postfix
from process import wait_for
from provider import Provider, check_options
from redis_server import RedisServer
from world import CONF, CONF_FOLDER, DEFAULT_RULE, STATE_FOLDER, World

INTERNET, INTERNET6 = "10.0.0.254", "fd00::fe"
NAMES = "abc"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {log_folder}
myhostname = {hostname}
mydestination = {hostname}
inet_protocols = all
mynetworks = 127.0.0.0/8, 10.0.0.0/24
alias_maps =
alias_database =
local_recipient_maps =
local_transport = discard:
biff = no
"""
# Mail that was deferred is tried again soon: a test has no time to lose.
SOON = ("queue_run_delay = 2s", "minimal_backoff_time = 2s", "maximal_backoff_time = 4s")
PROPOSED = ("queue_run_delay = 60s", "minimal_backoff_time = 60s", "maximal_backoff_time = 600s")
SENDER = "news@shop.test"

_idents = itertools.count(1)


@dataclasses.dataclass
class Site:
    """One provider: MX hosts in the order of preference, and the domains that they take mail for."""
    name: str
    domains: list
    hosts: dict           # {name: options of provider.py}
    addresses: int = 1    # of each host
    dead: int = 0         # so many of them, the first ones
    family: str = "ipv4"  # or "ipv6", or "both": so many of each

    def recipients(self, count, domain=None):
        """Addresses that no other call returns, over all its domains."""
        domains = [domain] if domain else self.domains
        return ["u%d@%s" % (next(_idents), domains[i % len(domains)]) for i in range(count)]


def site(name, domains=1, hosts=1, addresses=1, dead=0, family="ipv4", **options):
    """domains, hosts: how many, or for hosts a list with the options of each, which add to those of all."""
    per_host = [{}] * hosts if isinstance(hosts, int) else hosts
    check_options(options)
    return Site(name, ["%s.test" % name] + ["%s%d.test" % (name, i) for i in range(2, domains + 1)],
                {"mx%d.%s.test" % (i, name): {**options, **check_options(more)} for i, more in enumerate(per_host, 1)},
                addresses, dead, family)


def rule(name, **limits):
    return {"name": name, "mx": ["*.%s.test" % name], **limits}


def queue_file(sender, recipient, ident, now):
    """A message as cleanup(8) leaves it in the incoming queue."""
    lines = ["Received: by queue.test id %s" % ident, "From: <%s>" % sender, "To: <%s>" % recipient,
             "Message-Id: <%s@queue.test>" % ident, "Subject: News", "", "Hello"]
    envelope = [("T", "%d %d" % divmod(int(now * 1e6), 1000000)), ("A", "create_time=%d" % now),
                ("A", "log_ident=" + ident), ("A", "rewrite_context=local"), ("S", sender),
                ("A", "log_message_origin=local"), ("O", recipient), ("R", recipient), ("M", "")]
    content = b"".join(_record("N", line) for line in lines)
    size = "%15d %15d %15d %15d %15d %15d"
    length = len(_record("C", size % (0, 0, 0, 0, 0, 0)))
    head = b"".join(_record(*pair) for pair in envelope)
    sizes = _record("C", size % (len(content), length + len(head), 1, 0, len(content), 0))
    return sizes + head + content + _record("X", "") + _record("E", "")


def _record(kind, text):
    data, length = text.encode(), b""
    left = len(data)
    while True:
        left, low = left >> 7, left & 127
        length += bytes([low | (128 if left else 0)])
        if not left:
            return kind.encode() + length + data


def _closed_to_others(path, flags):
    return os.open(path, flags | os.O_EXCL, 0o600)  # qmgr takes it when it may be executed


class Node(Postfix):
    """A Postfix node. What runs in its network is started by `with node.network:`."""

    def __init__(self, fleet, name):
        self.number = NAMES.index(name) + 1
        self.network = isolation.Network()
        folders = ["%s/node-%s/%s" % (fleet.root, name, kind) for kind in ("etc", "queue", "data")]
        for folder in folders:
            os.makedirs(folder)
        super().__init__(name, "mta%d.shop.test" % self.number, "10.0.0.%d" % self.number,
                         isolation.host("/etc/postfix"), folders, fleet.logs, MAIN_CF)
        self.mail = MailLog(self.log.path)
        self.add_services("tlsproxy unix - - y - 0 tlsproxy\n")  # to reuse TLS connections; Debian's file has it not

    def join(self):
        """Plugs its network into the internet."""
        wire = "wan-" + self.name
        _ip("link add %s type veth peer name eth0 netns %s" % (wire, self.network.path),
            "link set %s master internet up" % wire)
        with self.network:
            _ip("address add %s/24 dev eth0" % self.address, "address add fd00::%d/64 dev eth0 nodad" % self.number,
                "link set eth0 up", "route add 0.0.0.0/0 via " + INTERNET, "route add ::/0 via " + INTERNET6)

    def command(self, name, *args, errors=None):
        with self.network:
            return super().command(name, *args, errors=errors)

    def launch(self):
        with self.network:
            super().launch()

    def connect(self, source=None):
        """From the internet's side."""
        session = smtplib.SMTP(timeout=30, local_hostname="client.test")
        session.connect(self.address)
        session.ehlo("client.test")
        return session

    def add_services(self, text):
        """Lines for master.cf."""
        self._write("master.cf", "a", "\n" + text)

    def queue_up(self, recipients, sender=SENDER, age_s=0):
        """Puts a message to each into its queue, at once, whether it runs or not. Nothing asks or rewrites. age_s: how
        long it seems to have been there."""
        now, owner = time.time() - age_s, pwd.getpwnam("postfix").pw_uid
        for recipient in recipients:
            number = next(_idents)
            ident = "%05X%06X" % (number * 7919 % 0x100000, number)  # the first digits choose the folder when deferred
            path = "%s/incoming/%s" % (self.queue, ident)
            with open(path, "wb", opener=_closed_to_others) as f:
                f.write(queue_file(sender, recipient, ident, now))
                os.fchown(f.fileno(), owner, -1)
                os.fchmod(f.fileno(), 0o700)
        if self.running():
            self.kick()

    def kick(self):
        """Tells qmgr to look at its incoming queue."""
        def told():
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(5)
                try:
                    s.connect(self.queue + "/public/qmgr")
                    s.sendall(b"I")
                    return s.recv(1) == b""  # it has read, and hung up
                except OSError:
                    return False
        wait_for(told, "qmgr of node %s to listen" % self.name)

    def site_socket(self, name="policy"):
        """Where a socketmap table of the site's own may listen: unix:site/NAME to Postfix."""
        os.makedirs(self.queue + "/site", exist_ok=True)
        return "%s/site/%s" % (self.queue, name)

    def incoming(self):
        """How many messages qmgr hasn't opened yet."""
        return len(os.listdir(self.queue + "/incoming"))

    def queued(self):
        """How many messages wait in any queue."""
        return sum(len(files) for queue in ("incoming", "active", "deferred", "maildrop")
                   for _, _, files in os.walk("%s/%s" % (self.queue, queue)))

    def running(self):
        return self._process is not None and self._process.running()

    def kill(self):
        """As a power failure, but that the kernel closes its connections: nothing ends in order."""
        for pid in self.network.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.network.processes(), "the processes of node %s to end" % self.name)

    def stop(self):
        """Postfix, and what is still busy with a delivery."""
        super().stop()
        for pid in self.network.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Fleet(World):
    redis_server = RedisServer  # its kind

    def __init__(self, sites, rules=(), nodes=3, conf=None, main=SOON, domains=None, default=None, policyd=True):
        """rules: before the default rule, whose limits are `default`. main: lines for each node's main.cf.
        domains: further ones, as Dns has them. policyd: whether mxpolicyd runs and Postfix is set up for it."""
        super().__init__(rules=[*rules, {**DEFAULT_RULE, **(default or {})}], conf=conf, examples=())
        self.sites = {s.name: s for s in sites}
        self._dns_domains = {**{d: list(s.hosts) for s in sites for d in s.domains}, **(domains or {})}
        self._main, self._with_policyd = main, policyd
        self.nodes = [None] * nodes
        self._addresses = {}  # {host: those in DNS}

    # What the fleet is made of.

    def _host_files(self):
        super()._host_files()
        isolation.own_file("/etc/resolv.conf", "nameserver %s\n" % INTERNET)

    def _launch(self):
        hosts = self._internet()
        self.redis = self.redis_server(self.root + "/redis", self.logs + "/redis.log", INTERNET)
        self.dns = Dns({**self._addresses, "shop.test": INTERNET}, self._dns_domains, self.logs + "/dnsmasq.log",
                       INTERNET)
        self.provider = Provider(self.root + "/provider", self.logs + "/provider.log", hosts)
        for at in range(len(self.nodes)):
            self.nodes[at] = Node(self, NAMES[at])
            self.nodes[at].join()
        self._parts = [self.redis, self.dns, self.provider, *self.nodes]
        for part in self._parts[:3]:
            part.launch()
        for part in self._parts[:3]:
            part.ready()
        for node in self.nodes:
            if self._main:
                node.set(*self._main)
            if self._with_policyd:
                self.policyd(node.name)
                self.set_up(node)

    def _internet(self):
        """Makes it, and an address for each MX host; returns the hosts as the provider wants them."""
        lines = ["link add internet type bridge", "address add %s/24 dev internet" % INTERNET,
                 "address add %s/64 dev internet nodad" % INTERNET6, "link set internet up"]
        hosts = {}
        for x, one in enumerate(self.sites.values(), 1):
            numbers = itertools.count(1)
            for name, options in one.hosts.items():
                block = list(itertools.islice(numbers, one.addresses))
                known = [form % (x, y) for y in block for form in FAMILIES[one.family]]
                served = [form % (x, y) for y in block[one.dead:] for form in FAMILIES[one.family]]
                self._addresses[name] = known
                hosts[name] = {**options, "addresses": served}
                lines += ["address add %s dev lo%s" % (a, " nodad" if ":" in a else "") for a in served]
        for switch in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            with open("/proc/sys/net/" + switch, "w", encoding="ascii") as f:
                f.write("0")  # else the kernel would say that an address of nobody can't be reached
        _ip(*lines)
        return hosts

    def set_up(self, node):
        """What a postmaster does."""
        with node.network:
            done = self.mxctl("postfix", "setup", "-c", node.config, conf=self.conf_path(node.name))
        if done.returncode != 0:
            raise AssertionError("mxctl postfix setup: %s%s" % (done.stdout, done.stderr))
        node.settle()

    def start(self):
        """Postfix, on all nodes; the queues that were filled before begin to move."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.ready()

    # mxpolicyd and its configuration: as in World, a node's own.

    def conf_path(self, name):
        return CONF if name == "a" else "%s/node-%s.conf" % (CONF_FOLDER, name)

    def settings(self, name="a", **settings):
        state = "%s/%s" % (STATE_FOLDER, name)
        if not os.path.isdir(state):
            isolation.own_folder(state, "mxpace", "mxpace")
        return super().settings(name, **{"enforce": self._conf.get("enforce", "egress"), "state_dir": state,
                                         "map_listen": "unix:" + self.socket_path(name, "map"), **settings})

    def socket_path(self, name, kind="policy"):
        folder = self.node(name).queue + "/mxpace"
        if not os.path.isdir(folder):
            isolation.own_folder(folder, "mxpace", "postfix", 0o2750)
        return "%s/%s" % (folder, kind)

    def network(self, name):
        return self.node(name).network

    def node(self, name):
        return self.nodes[NAMES.index(name)]

    # What tests do.

    def queue_up(self, recipients, sender=SENDER):
        """A message to each, dealt to the nodes in turn."""
        for at, node in enumerate(self.nodes):
            node.queue_up(recipients[at::len(self.nodes)], sender)

    def queued(self):
        return sum(node.queued() for node in self.nodes)

    def seen(self, name=None):
        """What the hosts of a site, or all, have seen so far: a judge's Record."""
        return Record.load(self.provider.log_path, self.sites[name].hosts if name else None)

    def wait_messages(self, count, name=None, deadline=60.0):
        """Until so many have been delivered; returns the Record."""
        watch = Watch(self.provider.log_path, self.sites[name].hosts if name else None)
        wait_for(lambda: watch.messages() >= count,
                 "%d messages at %s" % (count, name or "the providers"), deadline, every=0.05)
        return self.seen(name)


FAMILIES = {"ipv4": ("10.1.%d.%d",), "ipv6": ("fd01::%d:%d",), "both": ("10.1.%d.%d", "fd01::%d:%d")}


def _ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", check=True, text=True)
