#!/usr/bin/python3
"""mandoc finds nothing to warn of in the manual pages."""
import os
import subprocess

from _tap import TREE, done, report

pages = sorted(os.listdir(os.path.join(TREE, "man")))
if not pages:
    report(False, "there are manual pages")
for page in pages:
    # STYLE messages depend on which other pages the machine has.
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", "man/" + page], cwd=TREE, check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    report(result.returncode == 0, "mandoc man/" + page, result.stdout.splitlines())
done()
