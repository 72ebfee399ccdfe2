"""INSTALL typed into a machine, section by section: each command ends well, what is said to be seen is seen, lines for a
file or for the zone are put there."""
import re

import instructions
from instructions import COMMAND, LINES, SEEN
from process import wait_for
from tap import case, check, equal

CONF = "/etc/mxpace/mxpace.conf"
# What is not typed as it stands, and why.
REPLACED = (
    (r"^make deb$", ":", "built before, by the same command: the machine has neither network nor compilers"),
    (r"^sleep \d+$", ":", "what is to be seen is looked for until it is there"),
    (r"^journalctl -f (.*)", r"timeout 2 journalctl -f \1", "it would never end"),
)
# Commands that only show something: typed again until it is what INSTALL says.
SHOW = re.compile(r"^(mxctl (status|group list|quarantine show|explain|postfix show|doctor)|journalctl|postmap|curl)\b")


def _replaced(command):
    for pattern, instead, _ in REPLACED:
        if re.search(pattern, command):
            return re.sub(pattern, instead, command)
    return command


def zone(lines):
    """Records of a zone file as options of dnsmasq."""
    kinds = {"MX": lambda name, data: "--mx-host=%s,%s,%s" % (name, *reversed(data.split())),
             "TXT": lambda name, data: "--txt-record=%s,%s" % (name, data.strip('"')),
             "A": lambda name, data: "--host-record=%s,%s" % (name, data),
             "PTR": lambda name, data: "--ptr-record=%s,%s" % (name, data)}
    for line in lines:
        name, _, kind, data = line.split(None, 3)
        yield kinds[kind](name.rstrip("."), re.sub(r"\.$", "", data))


class Walk:
    """One shell, as INSTALL wants it. instead: {pattern of a command: function(command)}, called for it; it returns what
    there is to see, and may type()."""

    def __init__(self, internet, instead=None):
        self._internet, self._machine = internet, internet.machine
        self.instead = instead or {}
        self._shell = self._machine.shell()
        self.said = ""  # all of it

    def close(self):
        self._shell.close()

    def type(self, command):
        """A command of ours; what it prints."""
        status, text = self._shell.type(command)
        self.said += "$ %s\n%s" % (command, text)
        equal(status, 0, text)
        return text

    def follow(self, section):
        typed = []
        name = "step %d" % section.step if section.step else section.title
        for block in section.blocks:
            label = "INSTALL, %s, line %d: %s" % (name, block.number, block.lines[0].strip()[:60])
            with case(label):
                if block.kind == COMMAND:
                    typed.append((block.text, self._command(block.text)))
                elif block.kind == LINES:
                    self._put(section, block.lines)
                elif typed:
                    self._see(block, typed)
            if block.kind == SEEN:
                typed = []

    def _command(self, command):
        for pattern, function in self.instead.items():
            if re.search(pattern, command):
                return function(command)
        return self.type(_replaced(command))

    def _put(self, section, lines):
        if section.title == "DNS":
            self._internet.zone += zone(lines)
            self._internet.dns.restart(*self._internet.zone)
            return
        for line in lines:  # each key in place of its own line
            text, count = re.subn(r"^%s\b(.*\{\n(?: .*\n)*\};|.*)" % line.split()[0], lambda _: line,
                                  self._machine.read(CONF), flags=re.M)
            equal(count, 1, line)
            self._machine.write(CONF, text)

    def _see(self, block, typed):
        wanted = re.compile(instructions.pattern(block.text))

        def seen():
            if wanted.search("".join(text for _, text in typed) + "\n"):
                return True
            typed[:] = [(command, self._shell.type(command)[1] if SHOW.search(command) else text)
                        for command, text in typed]
            return False
        try:
            wait_for(seen, "it", every=0.2)
        except AssertionError:
            check(False, "nothing like\n%s\n--- in what was printed:\n%s" % (block.text, "".join(text for _, text in typed)))
