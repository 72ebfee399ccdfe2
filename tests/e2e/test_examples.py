#!/usr/bin/python3
"""Each of our commands that a document shows is one: README, INSTALL, the manual pages and the rest, in literal blocks and
in the text. They are run in a private mail world, one by one; wrong usage is a failure, "no" is not. What they do is shown
by other tests, and by test_install for the steps of INSTALL."""
import os
import re
import shlex
import signal
import subprocess

import tap
from tap import case, check, equal
from world import CONF, TREE

PROGRAMS = ("mxctl", "mxpolicyd", "mxbounce")
USAGE = {"mxctl": 2, "mxpolicyd": 64, "mxbounce": 64}
STORE_AWAY = 3
# Usage that is right: it asks for what the example has just written, or only names a command.
ABSENT = r'has no "\w+"$'
NAMED = r" is missing$|no command given$|: which\? |" + ABSENT
FOLLOW_S = 2  # a command that goes on is ended after so long: it was understood
PAGES = sorted("man/" + name for name in os.listdir(TREE + "/man"))
TEXTS = ("README.md", "HACKING.md", "INSTALL", "postfix-examples/README", "tests/README.md")
# Synopses, not examples: what stands for something else.
PATTERN = re.compile(r"\.\.\.|…|\||[\[\]{}]|^(?:COMMAND|FAMILY)$")
VARIABLES = {"bounces": "bounces.example.com", "conf": CONF}
FILES = {"message": "Subject: hello\n\nHello\n", "list.txt": "ann@example.org\n", "dead.txt": "ann@example.org\n",
         "good.txt": "", "rules.conf": 'mx_rules = ( { name = "default"; mx = [ "*" ]; } );\n'}


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as f:
        return f.read()


def of_text(text):
    """(line number, shell line, whether it is a whole one): indented ones or those between ``` in Markdown, which are;
    and what quotes and backticks hold, which may be only named."""
    inside = False
    for number, line in enumerate(joined(text, "\\"), 1):
        if line.startswith("```"):
            inside = not inside
        elif inside or re.match(r" {4}\S", line):
            yield number, line, True
        else:
            for quoted in re.findall(r'`([^`]+)`|"([^"]+)"', line):
                yield number, next(filter(None, quoted)), False


def of_page(page):
    """The same for mdoc: literal blocks and .Dl; .Ql names."""
    inside = False
    for number, line in enumerate(joined(page, "\\e"), 1):
        line = line.replace("\\e", "\\").replace("\\(dq", '"').replace("\\&", "")
        if line.startswith((".Bd -literal", ".Ed")):
            inside = line.startswith(".Bd")
        elif line.startswith((".Dl ", ".Ql ")):
            yield number, re.sub(r" (?:Ar|Cm|Li)\b|(?: [.,;:)])+$", "", line[4:]).strip('"'), line.startswith(".Dl")
        elif inside:
            yield number, line, True


def joined(text, mark):
    """Lines, each that ends in the mark in one with the next; empty ones in place of those."""
    begun, count = "", 0
    for line in text.splitlines():
        if line.endswith(mark):
            begun, count = begun + line[:-len(mark)] + " ", count + 1
            continue
        yield begun + line
        yield from [""] * count
        begun, count = "", 0


def commands(line):
    """The argument lists of our programs in a shell line; "--" at the end has xargs add more."""
    line = re.sub(r"^\s*\$ ", "", line.strip())
    for name, value in VARIABLES.items():
        line = re.sub(r"\$%s\b" % name, value, line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split, lexer.commenters = True, "#"
    try:
        words = list(lexer)
    except ValueError:  # a quote that is none: not for a shell
        return
    argv = []
    for before, word in zip(["", *words], [*words, ";"]):
        if re.fullmatch(r"[|&;<>()]+", word):
            if argv:
                yield argv
            argv = []
        elif argv:
            argv.append(word)
        elif word in PROGRAMS and (before in ("", "xargs", "do") or re.fullmatch(r"[|&;(]+", before)):
            argv = [word]


def shown():
    """{((program, argument, ...), whether it is a whole one): where}"""
    found = {}
    for path in (*TEXTS, *PAGES):
        for number, line, whole in (of_page if path.startswith("man/") else of_text)(read(path)):
            for argv in commands(line):
                if not any(PATTERN.search(word) for word in argv):
                    found.setdefault((tuple(argv), whole), "%s:%d" % (path, number))
    return found


def run_one(w, argv, folder):
    """(exit status or None when it went on, what it printed)"""
    conf = [] if "-c" in argv and argv[0] != "mxctl" else ["-c", CONF]
    more = ["ann@example.org"] if argv[-1] == "--" else []
    name = "rules" if "rules" in argv else "run"
    child = subprocess.Popen([w.binary(argv[0]), *conf, *argv[1:], *more], cwd=folder, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env={**os.environ, **w.report_options(name)})
    try:
        out = child.communicate(FILES["message"].encode(), timeout=FOLLOW_S)[0]
        return child.returncode, out.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGTERM)
        return None, child.communicate()[0].decode("utf-8", "replace")


def understood(argv, whole, status, text):
    if status is None:
        return True
    if status == USAGE[argv[0]]:
        return re.search(ABSENT if whole else NAMED, text.split("\n")[0])
    return 0 <= status < 126 and status != STORE_AWAY


def run(w):
    folder = w.root + "/documents"
    os.mkdir(folder)
    for name, text in FILES.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    w.unseen.add("rules")  # some of them change their user
    w.policyd()
    found = shown()
    with case("the documents show commands"):
        check(len(found) > 60, "%d" % len(found))
        equal({"README.md", "INSTALL", *PAGES} - {place.rpartition(":")[0] for place in found.values()}, set())
    for (argv, whole), place in found.items():
        with case("%s: %s" % (place, " ".join(argv))):
            status, text = run_one(w, argv, folder)
            check(understood(argv, whole, status, text), "%s: %s" % (status, text))



if __name__ == "__main__":
    tap.main(run, postfix=1, examples=())
