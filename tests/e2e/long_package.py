#!/usr/bin/python3
"""The Debian package on a Debian machine of its own (machine.py): INSTALL typed as it stands, mail through it, an upgrade
under load, what remove and purge leave. `# ...` tells the figures.

The machine's base and the packages are kept in build/machine: the first run takes some minutes more.
"""
import os
import re
import shutil
import sys

import instructions
import isolation
import machine_base
import package
import tap
from dns import Dns
from machine import GATEWAY, Machine
from machine_install import Walk
from package_phases import PHASES, SOURCE
from process import Log
from sink import Sink

DEADLINE_S = 900
# The "internet": MX hosts and their domains, at addresses of the test's own network.
HOSTS = {"gmail-smtp-in.l.google.com": "203.0.113.10", "mx1.example.org": "203.0.113.11", "mx1.bulk.example": "203.0.113.12"}
DOMAINS = {"gmail.com": ["gmail-smtp-in.l.google.com"], "example.org": ["mx1.example.org"],
           "bulk.example": ["mx1.bulk.example"]}
# What the machine has of the source: what debian/tests needs.
TAKEN = ("debian", "tests", "conf", "postfix-examples", "INSTALL", "Makefile")


class Internet:
    """The machine, and what it sees of the world."""

    def __init__(self, base, debs):
        self.debs = debs
        self.logs = isolation.root + "/logs"
        self.network = isolation.Network()
        self.machine = Machine(base, isolation.root + "/machine", self.network)
        self.dns = Dns(HOSTS, DOMAINS, self.logs + "/dnsmasq.log", GATEWAY)
        self.sink = Sink(self.logs + "/sink.log", HOSTS)
        self.zone = []  # options of dnsmasq
        self.before = self.postfix_before = None  # files, before the package was there

    def __enter__(self):
        os.mkdir(self.logs)
        for number, address in enumerate(HOSTS.values(), 1):
            isolation.add_address(address, number)
        try:
            self.machine.launch()
            for part in (self.dns, self.sink):
                part.launch()
                part.ready()
            self.machine.ready()
        except BaseException:
            self._end()
            raise
        return self

    def _end(self):
        for part in (self.machine, self.sink, self.dns):
            part.stop()

    def __exit__(self, *_):
        self._end()

    def tails(self, count=60):
        try:
            return self.machine.journal("-n", str(count))
        except (AssertionError, OSError) as e:
            return [str(e), *Log(self.machine.folder + "/console").tail(10)]


def packages():
    """What INSTALL's step 1 and debian/tests want of Debian."""
    with open(machine_base.TREE + "/debian/tests/control", encoding="utf-8") as f:
        words = re.search(r"(?m)^Depends: @, (.*)$", f.read())[1].split(", ")
    for section in instructions.read():
        for block in section.blocks:
            found = re.match(r"apt-get install -y ([a-z -]+)$", block.text)
            words += found[1].split() if block.kind == instructions.COMMAND and found else []
    return words


def source(machine, deb):
    """The folder of the source, with the package that `make deb` has made."""
    for name in TAKEN:
        path = os.path.join(machine_base.TREE, name)
        if os.path.isdir(path):
            shutil.copytree(path, machine.path(SOURCE + "/" + name), symlinks=True, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, machine.path(SOURCE))
    os.makedirs(machine.path(SOURCE + "/build/deb"))
    shutil.copy(deb, machine.path(SOURCE + "/build/deb"))


def run(internet):
    os.makedirs(internet.machine.path(SOURCE))
    source(internet.machine, internet.debs["this"])
    walk = Walk(internet)
    try:
        for phase in PHASES:
            with tap.case("phase %s" % phase.__name__):
                phase(internet, walk)
    finally:
        walk.close()


def main():
    if sys.argv[1:] != ["package"]:
        print("package")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_package")
    if isolation.possible() is None:
        try:
            machine_base.deps("lintian")
            base, debs = machine_base.make(), package.build()
            machine_base.fetch(base, packages(), [debs["this"]])
        except machine_base.Missing as e:
            print("1..1\nok 1 - long_package # SKIP %s" % e)
            return
    tap.main(run, kind=lambda: Internet(base, debs), deadline_s=DEADLINE_S)


if __name__ == "__main__":
    main()
