"""Many entries of the quarantine: a file of them, what they take in Redis, and which commands kept Redis busy."""
import collections
import json
import re
import time

from tap import check, comment

SLOW_US = 5000
DAY = 86400
PROVIDERS = (
    ("google", "gmail.test", "550-5.1.1 The email account that you tried to reach does not exist. Please try "
     "double-checking the recipient's email address", "alt1.gmail-smtp-in.l.google.test"),
    ("microsoft", "hotmail.test", "550 5.5.0 Requested action not taken: mailbox unavailable",
     "hotmail-com.olc.protection.outlook.test"),
    ("default/mx.web.test", "web.test", "550 5.1.1 <%s>: Recipient address rejected: User unknown", "mx.web.test"),
    ("icloud", "icloud.test", "550 5.1.1 <%s>: user lookup success but no user record found", "mx01.mail.icloud.test"),
)


def address(number):
    return "anna.schneider%d@%s" % (number, PROVIDERS[number % len(PROVIDERS)][1])


def entry(number, now):
    """As mxbounce leaves it after one notice."""
    group, _, text, host = PROVIDERS[number % len(PROVIDERS)]
    at = now - number % (30 * DAY) - 60
    return {
        "address": address(number), "status": "quarantined", "type": "hard", "reason": "user_unknown", "errors": 1,
        "errors:user_unknown": 1, "first": at, "last": at, "since": at + 2, "release": "never", "quiet": 864000,
        "code": "550 5.1.1", "text": text % address(number) if "%s" in text else text, "mx": host, "group": group,
        "rule": "user_unknown", "message": "%d.%d@news.shop.test" % (at, number), "campaign": "autumn-%d" % (number % 9),
        "list": "customers", "account": "shop", "by": "mxbounce", "ndrs": "%016x" % (number * 0x9e3779b97f4a7c15 % 2**64),
    }


def write(path, count, first=0):
    now = int(time.time())
    with open(path, "w", encoding="utf-8") as file:
        for number in range(first, first + count):
            file.write(json.dumps(entry(number, now), separators=(",", ":")) + "\n")


class Slow:
    """Which commands took Redis over 5 ms since this was made. One that was merely interrupted by the kernel does so
    once in a while; one that is slow does so each time."""

    def __init__(self, redis):
        self._redis = redis
        redis.cmd("CONFIG", "SET", "slowlog-log-slower-than", SLOW_US)
        redis.cmd("CONFIG", "SET", "slowlog-max-len", 1000)
        redis.cmd("CONFIG", "RESETSTAT")
        redis.cmd("SLOWLOG", "RESET")

    def judge(self, share=0.1, at_least=5):
        """Of each command at most this share of its calls. Returns how many in all."""
        names = collections.Counter(words[0].lower() for _, _, _, words, *_ in self._redis.cmd("SLOWLOG", "GET", 1000))
        calls = {line.split(":")[0][len("cmdstat_"):]: int(re.search(r"calls=(\d+)", line).group(1))
                 for line in self._redis.cmd("INFO", "commandstats").splitlines() if line.startswith("cmdstat_")}
        comment("over 5 ms: %s" % (", ".join("%s %d of %d" % (name, count, calls.get(name, 0))
                                             for name, count in names.items()) or "none"))
        for name, count in names.items():
            check(count <= max(at_least, share * calls.get(name, 0)), "%s took over 5 ms %d times" % (name, count))
        return sum(names.values())


def memory(redis):
    """Bytes in use, of all."""
    return redis.statistic("used_memory")


def rcpt_us(node, count=1500):
    """The middle and the 95th of a hundred of the times that a decision takes, in microseconds."""
    times = []
    with node.connect() as policy:
        for number in range(count):
            start = time.perf_counter_ns()
            answer = policy.ask("nobody%d@five.test" % (number % 50))
            times.append((time.perf_counter_ns() - start) / 1000)
            check(answer == "DUNNO", answer)
    times.sort()
    return times[count // 2], times[count * 95 // 100]
