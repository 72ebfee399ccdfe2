#!/usr/bin/python3
"""INSTALL, typed as it stands: the ten steps in a private mail world, and what of the rest can be. Each command ends well,
and what is said to be seen is seen. What a world has already (apt, systemd) is played by short scripts; long/package does
it on a whole machine."""
import os
import re
import shutil
import subprocess

import instructions
import isolation
import tap
import world
from instructions import COMMAND, LINES, SEEN
from process import wait_for
from tap import case, equal

HOSTS = {"gmail-smtp-in.l.google.com": "127.0.3.1", "mx1.example.org": "127.0.3.2"}
DOMAINS = {"gmail.com": ["gmail-smtp-in.l.google.com"], "example.org": ["mx1.example.org"],
           "bounces.example.com": ["mta1.shop.test"]}
EXAMPLES = "/usr/share/doc/mxpace/postfix-examples"
# Played: (program, script). MXPACE_LOG is mxpolicyd's.
PLAYED = {
    "apt-get": "echo 'Setting up mxpace (0.1.0) ...'",
    "make": "",
    "sleep": "",  # what is to be seen is waited for
    "redis-cli": 'if [ "$*" = "CONFIG REWRITE" ]; then echo OK; else exec /usr/bin/redis-cli "$@"; fi',  # it has no file
    # A world's Postfix reads a changed file at once if it looks old.
    "postfix": 'touch -d "1 minute ago" /etc/postfix/main.cf /etc/postfix/master.cf\nexec /usr/sbin/postfix "$@"',
    "systemctl": """
case "$*" in
"reload mxpolicyd") exec kill -HUP "$(cat $RUN/pid)" ;;
"restart mxpolicyd") ;;
*) exit 0 ;;
esac
if [ -e $RUN/pid ]; then kill "$(cat $RUN/pid)"; while kill -0 "$(cat $RUN/pid)" 2>/dev/null; do /bin/sleep 0.02; done; fi
: >$MXPACE_LOG
setpriv --reuid mxpace --regid mxpace --clear-groups mxpolicyd -c /etc/mxpace/mxpace.conf >>$MXPACE_LOG 2>&1 &
echo $! >$RUN/pid
until grep -q 'info: ready' $MXPACE_LOG; do kill -0 $! || exit 1; /bin/sleep 0.02; done""",
    "journalctl": """
case "$*" in
*"-u mxpolicyd"*) tail -n 2 $MXPACE_LOG | sed "s/^mxpolicyd: info: //" ;;
*mxbounce*) n=0
    until grep -q 'relay=mxbounce' $MAIL_LOG; do n=$((n + 1)); [ $n -lt 200 ] || exit 1; /bin/sleep 0.05; done
    sed -n 's/.*(mxbounce: info: \\(.*\\)))$/\\1/p' $MAIL_LOG | tail -n 1 ;;
esac""",
}
# Commands that only show: what they show may need a moment.
SHOW = ("journalctl ", "mxctl status", "mxctl group list", "mxctl quarantine show", "mxctl explain")
# What the DNS step says, for this world.
ZONE = ("--txt-record=bounces.example.com,v=spf1 ip4:198.51.100.7 -all",
        "--ptr-record=7.100.51.198.in-addr.arpa,mta1.shop.test", "--host-record=mta1.shop.test,198.51.100.7")
HOST = {"systemd"}  # what the doctor may say of the host that the world is in
# The sections behind the steps that need nothing from outside.
FURTHER = ("Signed return paths", "Watching it", "Taking it out again")


class Machine:
    """A shell in the world that keeps its variables and folder from one command to the next."""

    def __init__(self, w):
        self.w = w
        self.run_folder = w.root + "/played"
        os.mkdir(self.run_folder)
        for name, script in PLAYED.items():
            with open("%s/%s" % (self.run_folder, name), "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\n%s\n" % script)
            os.chmod(f.name, 0o755)
        env = {**os.environ, "PATH": "%s:%s/bin:%s" % (self.run_folder, w.root, os.environ["PATH"]), "RUN": self.run_folder,
               "MXPACE_LOG": w.logs + "/mxpolicyd-a.log", "MAIL_LOG": w.postfix.log.path, "PS1": ""}
        self._shell = subprocess.Popen(["/bin/bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, env=env, cwd=world.TREE, text=True)

    def type(self, command):
        """Returns (exit status, what was printed)."""
        self._shell.stdin.write("%s\nprintf '\\n\\001%%d\\n' $?\n" % command.replace(EXAMPLES, world.EXAMPLES))
        self._shell.stdin.flush()
        text = ""
        for line in self._shell.stdout:
            if line.startswith("\001"):
                return int(line[1:]), text[:-1]
            text += line
        raise AssertionError("the shell has ended at: " + command)

    def close(self):
        self._shell.stdin.close()
        self._shell.wait()
        pid = self.run_folder + "/pid"
        if os.path.exists(pid):
            with open(pid, encoding="ascii") as f:
                subprocess.run(["kill", f.read().strip()], check=False)


def prepare(w):
    """What the package brings, a Redis of the machine's own, and two providers."""
    for name in ("mxpace.conf", "mx-rules.conf", "bounce-rules.conf"):
        shutil.copy(world.TREE + "/conf/" + name, world.CONF_FOLDER)
    w.socket_path("a")
    w._install_mxbounce()  # pylint: disable=protected-access
    w.dns.restart(*ZONE)
    w.sink.reply("^no-such-user@", "550 5.1.1 <no-such-user@example.org> User unknown")


def see(machine, label, block, typed):
    """What stands under the commands is in what they print, those that show something once more until it is."""
    wanted = instructions.pattern(block.text)

    def seen():
        printed = re.sub(r"\b1 warning\b", "1 warnings", "".join(text for _, text in typed))
        if not re.search(wanted, printed + "\n"):
            typed[:] = [(command, machine.type(command)[1] if command.startswith(SHOW) else text) for command, text in typed]
            raise LookupError("nothing like it in what was printed:\n%s\n---\n%s" % (block.text, printed))
        return True
    with case(label):
        try:
            wait_for(lambda: not_yet(seen), "it")
        except AssertionError:
            seen()


def not_yet(condition):
    try:
        return condition()
    except LookupError:
        return False


def put(lines):
    """Keys of mxpace.conf, each in place of its own line."""
    with open(world.CONF, encoding="utf-8") as f:
        text = f.read()
    for line in lines:
        text, count = re.subn(r"^%s\b(.*\{\n(?: .*\n)*\};|.*)" % line.split()[0], line, text, flags=re.M)
        equal(count, 1, line)
    with open(world.CONF, "w", encoding="utf-8") as f:
        f.write(text)


def follow(machine, section):
    typed = []
    name = "step %d" % section.step if section.step else section.title
    for block in section.blocks:
        label = "%s, line %d: %s" % (name, block.number, block.lines[0].strip()[:60])
        if block.kind == COMMAND:
            with case(label):
                status, text = machine.type(block.text)
                typed.append((block.text, text))
                if os.environ.get("MXPACE_SHOW"):
                    print("$ %s\n%s" % (block.text, text))
                if block.text == "mxctl doctor":
                    equal(set(re.findall(r"^  ([\w-]+) +(?:warning|wrong|away) ", text, re.M)) - HOST, set(), text)
                else:
                    equal(status, 0, text)
        elif block.kind == LINES and section.title != "DNS":
            with case(label):
                put(block.lines)
        elif block.kind == SEEN and typed:
            see(machine, label, block, typed)
            typed = []


def run(w):
    prepare(w)
    sections = instructions.read()
    steps = [section for section in sections if section.step]
    with case("there are ten steps"):
        equal([section.step for section in steps], list(range(1, 11)))
    machine = Machine(w)
    try:
        for section in [*steps, *(section for section in sections if section.title in FURTHER)]:
            follow(machine, section)
        with case("all of it is in INSTALL still"):
            equal(sorted(set(FURTHER) - {section.title for section in sections}), [])
    finally:
        machine.close()


if __name__ == "__main__":
    tap.main(run, postfix=1, examples=(), hosts={**world.HOSTS, **HOSTS}, domains={**world.DOMAINS, **DOMAINS})
