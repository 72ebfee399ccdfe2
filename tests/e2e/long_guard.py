#!/usr/bin/python3
"""An outage that goes on: 20 000 returned messages from one provider at 200 a second, others between them.
long_guard.py NAME; without a name it lists them."""
import sys

import tap
from ndr import notice
from tap import case, check, comment, equal, like
from test_guard import ICLOUD, LIMIT, bring, guard, in_group, statuses

COUNT = 20000
OTHER = 50  # every so manieth is one of another provider


def outage(w):
    in_group(w, "icloud", "icloud.com")
    in_group(w, "google", "gmail.com")
    with case("held to its end, others quarantined as ever"):
        bring(w, (notice("gone%d@gmail.com" % i, mx="mx1.gmail.com") if i % OTHER == 0 else
                  notice("good%d@icloud.com" % i, ICLOUD, mx="mx01.mail.icloud.com") for i in range(COUNT)))
        good, gone = statuses(w, "good*"), statuses(w, "gone*")
        comment("icloud: %r, others: %r" % (good, gone))
        check(good.get("quarantined", 0) < LIMIT, repr(good))
        equal(sum(good.values()), COUNT - COUNT // OTHER)
        equal(gone, {"quarantined": COUNT // OTHER})
        equal(list(w.redis.hash("mxpace:guards")), ["icloud user_unknown"])
    with case("dismiss mails the held again, undo exactly the rest; others stay"):
        equal(guard(w, "dismiss", "icloud", "user_unknown").returncode, 0)
        equal(statuses(w, "good*").get("held", 0), 0)
        lost = good.get("quarantined", 0)
        equal(statuses(w, "good*").get("quarantined", 0), lost)
        done = w.mxctl("quarantine", "undo", "--group", "icloud", "--text", "user lookup success but no user record found")
        like(done.stdout, "^%d entries undone" % lost)
        after = statuses(w, "good*")
        equal((after.get("quarantined", 0), after.get("released", 0)), (0, lost))
        equal(statuses(w, "gone*"), {"quarantined": COUNT // OTHER})


def main():
    if sys.argv[1:] != ["outage"]:
        print("outage")
        sys.exit(0 if len(sys.argv) == 1 else 2)
    tap.name("long_guard outage")
    tap.main(outage, deadline_s=1800)


if __name__ == "__main__":
    main()
