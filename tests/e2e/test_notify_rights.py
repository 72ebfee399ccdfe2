#!/usr/bin/python3
"""With the rights that mxpace-notify.service leaves it, mxpace can still hand mails to Postfix: by the group of the unit, as
without new privileges postdrop(1) has none of its own."""
import grp
import pwd
import re

import tap
from process import wait_for
from tap import case, check
from world import TREE


def sendmail(w, groups):
    """As systemd starts it; the result."""
    user = pwd.getpwnam("mxpace")
    numbers = ["--groups", ",".join(str(grp.getgrnam(name).gr_gid) for name in groups)] if groups else ["--clear-groups"]
    return w.run("setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), *numbers, "--no-new-privs",
                 "--bounding-set=-all", "timeout", "5", "sendmail", "-f", "a@shop.test", "u@implicit.test",
                 data=b"Subject: Events\n\nHello\n")


def run(w):
    with open(TREE + "/conf/mxpace-notify.service", encoding="utf-8") as f:
        unit = f.read()
    groups = re.search(r"^SupplementaryGroups=(.*)$", unit, re.M)[1].split()
    with case("the unit takes new privileges away, and with the user's own group alone no mail gets through"):
        check(re.search(r"^NoNewPrivileges=yes$", unit, re.M), "no NoNewPrivileges=yes")
        check(sendmail(w, []).returncode != 0, "a mail was taken")
    with case("with the groups of the unit it is delivered"):
        done = sendmail(w, groups)
        check(done.returncode == 0, done.stderr)
        wait_for(lambda: w.postfix.log.find(r"to=<u@implicit\.test>.* status=sent"), "the mail to be sent")


if __name__ == "__main__":
    tap.main(run, postfix=1, examples=())
