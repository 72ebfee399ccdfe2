"""What mxpace does when mail goes out: a fleet that keeps to each provider's limits together (tests/e2e/fleet.py)."""
import re
import time

from fleet import Fleet, rule, site
from judge import parse
from process import wait_for
from words import hold, picture, quote, say, table, title

DEADLINE_S = 90
HEADING = "when mail goes out, on a fleet of two"
PICTURES_S = (3.0, 10.0, 18.0)  # after the beginning
MOST_WAIT_S = 60.0
USE_FROM_S = 3.0  # after the beginning
TOO_FAST = {"match": "too many messages", "sample": "421 4.7.0 too many messages from your address, try again later",
            "after": "2/1m", "action": "reduce", "factor": 0.5, "min": 7200, "for": "10s"}
STRICT_PER_S = 4.0  # what strict takes in a second, from both nodes together; after that 421
FEW_421S = 20

# (what it is like, the provider, how many messages, what its rule allows)
PROVIDERS = (
    ("10 domains on 2 MX hosts; takes 0.3 s over a message", site("bigmail", domains=10, hosts=2, data_s=0.3), 300,
     {"connections": 6, "messages_per_connection": 5}),
    ("quick, and counts", site("citrus", data_s=0.05), 160, {"connections": 2, "limits": ["40/10s"]}),
    ("says 421 to more than %g a second" % STRICT_PER_S, site("strict", data_s=0.05, bucket="strict"), 40,
     {"connections": 4, "backoff": [TOO_FAST]}),
)
NAMES = [one.name for _, one, _, _ in PROVIDERS]


def limits_in_words(limits):
    return ", ".join([*("%d %s" % (limits[key], words) for key, words in (
        ("connections", "connections"), ("messages_per_connection", "messages on one")) if key in limits),
        *(text.replace("/", " in ") for text in limits.get("limits", ()))])


def files(node):
    """main.cf and master.cf, byte for byte."""
    found = []
    for name in ("main.cf", "master.cf"):
        with open("%s/%s" % (node.config, name), "rb") as f:
            found.append(f.read())
    return found


class Demo:
    def __init__(self, f):
        self.f = f
        self.before = {node.name: files(node) for node in f.nodes}
        self.recipients = {one.name: one.recipients(count) for _, one, count, _ in PROVIDERS}

    def mxctl(self, node, *args):
        """As the node's postmaster; returns what it says."""
        with node.network:
            done = self.f.mxctl(*args, conf=self.f.conf_path(node.name))
        hold(done.returncode == 0, "mxctl %s ends well: %s" % (" ".join(args), done.stderr))
        return done.stdout.rstrip().splitlines()

    # The steps.

    def introduce(self):
        title("Two Postfix hosts, one Redis, three providers")
        say("""%s, each with its Postfix and its mxpolicyd in a network of its own; both send as one public address. The
            providers are a recording SMTP server. It shares nothing with mxpace, and is the judge at the end."""
            % " and ".join(node.hostname for node in self.f.nodes))
        table(["provider", "what it is like", "what its rule allows", "messages"],
              [[one.name, like, limits_in_words(limits), count] for like, one, count, limits in PROVIDERS])

    def set_up(self):
        title("mxctl sets Postfix up")
        for node in self.f.nodes:
            self.f.policyd(node.name)
            lines = self.mxctl(node, "postfix", "setup", "-c", node.config)
            if node is self.f.nodes[0]:
                say("What the postmaster of %s types (-c names the folder, as this is no real host), and sees:"
                    % node.hostname)
                quote("$ mxctl postfix setup -c %s" % node.config)
                picture(lines)
            node.settle()
        node = self.f.nodes[0]
        say("It has given each class of providers a transport of its own, and the look-ups that ask mxpolicyd:")
        asked = [line for line in node.command("postconf", "-P").splitlines()
                 if line.startswith("mxp-bigmail-1/unix/") and "socketmap:" in line]
        quote("$ postconf -P", *asked)
        hold(len(asked) == 4, "the transport asks for dns, connect, cache and status")
        self.mxctl(node, "postfix", "show", "-c", node.config)  # fails if it doesn't fit

    def send(self):
        title("%d messages, at once" % sum(map(len, self.recipients.values())))
        say("They wait in the queues of both hosts, all providers mixed. Postfix starts, and mxctl status shows:")
        self.f.provider.rate("strict", STRICT_PER_S)
        queue = sorted((at / len(all_), r) for all_ in self.recipients.values() for at, r in enumerate(all_))
        self.f.queue_up([recipient for _, recipient in queue])
        self.f.start()
        began = time.monotonic()
        wait_for(lambda: self.f.redis.events(type="backoff", group="strict"), "the backoff", MOST_WAIT_S)
        shown = []
        for at in PICTURES_S:
            time.sleep(max(0.0, began + at - time.monotonic()))  # a picture is taken at a time
            lines = self.traffic()
            print("\n   After %d s:" % (time.monotonic() - began), end="")
            picture(lines)
            shown.append(" ".join(" ".join(lines).split()))
        say("""OPEN counts a connection from the moment a node asks for it, so it may be one above the limit while the
            answer is on its way: that is for the providers to judge.""")
        for name in NAMES:
            hold(re.search(r" %s \d+/\d+ " % name, shown[0]), "the first picture shows %s" % name)
        hold("421 4.7.0" in shown[0], "the first picture says why strict is held back")

    def traffic(self):
        """The live part of mxctl status."""
        lines = self.mxctl(self.f.nodes[0], "status")
        begin = next(i for i, line in enumerate(lines) if line.startswith("Open, waiting"))
        end = next((i for i, line in enumerate(lines) if i > begin and line.lstrip().startswith("POSTFIX IN")), None)
        return lines[begin:end]

    def judge(self):
        title("What the providers have seen")
        total = sum(map(len, self.recipients.values()))
        self.f.wait_messages(total, deadline=MOST_WAIT_S)
        rows = []
        for _, one, count, limits in PROVIDERS:
            seen = self.f.seen(one.name)
            seen.check(**{key: value for key, value in limits.items() if key != "backoff"})
            lost, doubled = seen.lost_and_doubled(self.recipients[one.name])
            hold(not lost and not doubled, "%s got every message once" % one.name)
            rows.append([one.name, count, "%d of %s" % (seen.most_open()[0], limits["connections"]),
                         "%d of %s" % (seen.most_on_one(), limits.get("messages_per_connection", "any")),
                         self.in_period(seen, limits), self.use(seen, count, limits),
                         "%.0f s" % (seen.last - seen.first)])
        say("All %d messages are delivered, each once. The providers' own records beside the limits:" % total)
        table(["provider", "messages", "open at once", "on one", "in any period", "use", "took"], rows)
        say("""Use: the connections that were busy, or the messages of the period, whichever was nearer to its limit, from
            %g s after the beginning until the backlog was nearly gone. What holds strict back is its 421.""" % USE_FROM_S)

    @staticmethod
    def in_period(seen, limits):
        return ", ".join("%d of %d in %g s" % (seen.most_in(parse(text)[1])[0], *parse(text))
                         for text in limits.get("limits", ())) or "-"

    @staticmethod
    def use(seen, count, limits):
        if "backoff" in limits:
            return "-"
        share = seen.use(count, limits["connections"], limits.get("limits", ()), after_s=USE_FROM_S)
        hold(share > 0.5, "the limits were used, not only kept: %.2f" % share)
        return "%.0f %%" % (100 * share)

    def backoff(self):
        title("A provider that says 421 is believed")
        seen = self.f.seen("strict")
        refused = seen.refused()
        events = self.f.redis.events(type="backoff", group="strict")
        first = next(mail.t for mail in seen.mails if mail.reply[0] == "4") - seen.first
        say("""strict said 421 to %d of %d messages, the first after %.1f s. Then both nodes sent it less; the event stream
            has why:""" % (refused, len(seen.mails), first))
        quote("%(type)s of %(group)s, by %(by)s: %(text)s" % {"by": "", "text": "", **events[0]})
        hold(0 < refused <= FEW_421S, "strict said 421 a few times only: %d" % refused)
        others = [line for node in self.f.nodes for line in node.mail.deferred_otherwise() if "@strict." not in line]
        hold(not others, "no other provider deferred anything: %s" % others[:1])

    def remove(self):
        title("The way out")
        for node in self.f.nodes:
            lines = self.mxctl(node, "postfix", "remove", "-c", node.config)
            hold(files(node) == self.before[node.name], "main.cf and master.cf are what they were")
        quote("$ mxctl postfix remove -c %s" % node.config)
        picture(lines)
        say("So they are, on both hosts.")


def start():
    return Fleet([one for _, one, _, _ in PROVIDERS], nodes=2, policyd=False,
                 rules=[rule(one.name, **limits) for _, one, _, limits in PROVIDERS])


def run(f):
    demo = Demo(f)
    for step in (demo.introduce, demo.set_up, demo.send, demo.judge, demo.backoff, demo.remove):
        step()
