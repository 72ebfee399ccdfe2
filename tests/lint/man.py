#!/usr/bin/python3
"""mandoc finds nothing to warn of in the manual pages, and each has the sections that a reader looks for."""
import os
import re
import subprocess

from _tap import TREE, done, none, read, report

# What each page has to have, in which order, by the section of the manual it belongs to.
PROGRAM = ("NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "EXIT STATUS", "EXAMPLES", "DIAGNOSTICS", "SEE ALSO")
FILE = ("NAME", "DESCRIPTION", "FILES", "EXAMPLES", "DIAGNOSTICS", "SEE ALSO")
SECTIONS = {"1": PROGRAM, "8": PROGRAM, "5": FILE, "7": FILE}

pages = sorted(os.listdir(os.path.join(TREE, "man")))
if not pages:
    report(False, "there are manual pages")
for page in pages:
    # STYLE messages depend on which other pages the machine has.
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", "man/" + page], cwd=TREE, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    report(result.returncode == 0, "mandoc man/" + page, result.stdout.splitlines())
    wanted = SECTIONS[page[-1]]
    has = re.findall(r"^\.Sh (.*)", read("man/" + page), re.M)
    none("man/%s has its sections, in their order" % page,
         [] if [name for name in has if name in wanted] == list(wanted) else ["%s, not %s" % (has, list(wanted))])
    bodies = dict(re.findall(r"^\.Sh (.*)\n((?:(?!\.Sh ).*\n)*)", read("man/" + page), re.M))
    none("man/%s says something in each of them" % page,
         [name for name in wanted if bodies.get(name, "").count("\n") < 2 and name != "NAME"] +
         [name for name, sign in (("FILES", ".It Pa "), ("EXAMPLES", ".Bd -literal"), ("DIAGNOSTICS", ".It "))
          if sign not in bodies.get(name, "")])
done()
