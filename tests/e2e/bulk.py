"""Many entries of the quarantine: a file of them, what they take in Redis, and which commands kept Redis busy."""
import collections
import contextlib
import json
import re
import time

from redis_server import RedisError
from tap import check, comment

SLOW_US = 5000
LOG_MAX = 100000
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
    write_these(path, range(first, first + count))


def numbers_of(texts):
    """Of the addresses of ours that stand in them."""
    return sorted({int(number) for text in texts for number in re.findall(r"schneider(\d+)@", text)})


def write_these(path, numbers):
    now = int(time.time())
    with open(path, "w", encoding="utf-8") as file:
        for number in numbers:
            file.write(json.dumps(entry(number, now), separators=(",", ":")) + "\n")


class Slow:
    """Which commands took Redis over 5 ms since this was made, by its own slow log.

    The kernel may take the CPU away from Redis in the middle of a command, which then looks slow. Such noise hits any
    command, by chance: so each one in the log is given to Redis again, at once and while nothing else asks, and counts
    unless one of three repetitions stays below. A script is repeated with its arguments too: those here change nothing
    the second time. One with so many arguments that the log cuts them off is had again by judge(again): that has the
    same done for these keys."""

    AGAIN = 3

    def __init__(self, redis):
        self._redis = redis
        redis.cmd("CONFIG", "SET", "slowlog-log-slower-than", SLOW_US)
        redis.cmd("CONFIG", "SET", "slowlog-max-len", LOG_MAX)
        redis.cmd("CONFIG", "RESETSTAT")
        redis.cmd("SLOWLOG", "RESET")

    @staticmethod
    def _is_cut(words):
        return any(re.search(r"\.\.\. \(\d+ more (bytes|arguments)\)$", word) for word in words)

    def _stays_slow(self, words):
        for _ in range(self.AGAIN):
            self._redis.cmd("SLOWLOG", "RESET")
            with contextlib.suppress(RedisError):  # part of a script, or one that Redis was given anew
                self._redis.cmd(*words)
            if not any(entry[3] == words for entry in self._redis.cmd("SLOWLOG", "GET", 10)):
                return False
        return True

    def _log(self):
        """[(us, words)], without the test's own."""
        return [(us, words) for _, _, us, words, *_ in self._redis.cmd("SLOWLOG", "GET", LOG_MAX)
                if words[0].lower() not in ("config", "slowlog", "info", "flushall")]

    def _cut(self, log):
        """Each by its name and the address that it is about, or its key: those are before the cut."""
        return {(words[0].lower(), next((word for word in words[1:] if "@" in word), words[1]))
                for _, words in log if self._is_cut(words)}

    def _cut_that_stay_slow(self, log, again):
        slow = self._cut(log)
        for _ in range(self.AGAIN):
            if slow and again:
                self._redis.cmd("SLOWLOG", "RESET")
                again(sorted({subject for _, subject in slow}))
                slow &= self._cut(self._log())
        return ["%s of %s" % row for row in sorted(slow)]

    def judge(self, again=None):
        """No command may be over 5 ms each time. Returns how many were once."""
        calls = {line.split(":")[0][len("cmdstat_"):]: int(re.search(r"calls=(\d+)", line).group(1))
                 for line in self._redis.cmd("INFO", "commandstats").splitlines() if line.startswith("cmdstat_")}
        log = self._log()
        names = collections.Counter(words[0].lower() for _, words in log)
        comment("over 5 ms once: %s" % (", ".join("%s %d of %d" % (name, count, calls.get(name, 0))
                                                  for name, count in names.items()) or "none"))
        slow = ["%d us: %s" % (us, " ".join(words)[:120]) for us, words in log
                if not self._is_cut(words) and self._stays_slow(words)]
        slow += self._cut_that_stay_slow(log, again)
        check(not slow, "over 5 ms each time: %s" % "; ".join(slow[:5]))
        return len(log)


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
