"""What mxpace does when mail comes in and when it comes back: limits, bounces, quarantine (tests/e2e/world.py)."""
import os
import re
import subprocess

import world
from ndr import notice
from process import wait_for
from words import fill, hold, quote, say, table, title
from world import ADMISSION, BOUNCE, CONF_FOLDER, HOSTNAMES, RETURN_PATH, World

DEADLINE_S = 30
HEADING = "when mail comes in, and when it comes back, on " + HOSTNAMES["a"]
LIMIT = 6  # messages in an hour to bigmail; below 12 without the 5-minute share
OUTSIDE = "127.0.0.9"


class Demo:
    def __init__(self, w):
        self.w = w

    def redis_cli(self, *args):
        """Runs redis-cli as a reader would; returns its lines."""
        shown = " ".join("'%s'" % a if re.search(r"[{}*]", str(a)) else str(a) for a in args)
        out = subprocess.run(["redis-cli", "-s", self.w.redis.socket, *map(str, args)], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.splitlines()
        return "$ redis-cli " + shown, out

    def send(self, *recipients):
        return self.w.postfix.send(RETURN_PATH, recipients, ["Subject: Autumn news", "X-Campaign: autumn"])

    def delivered(self, recipient):
        return self.w.sink.wait_messages(1, recipient)[0]

    def log_line(self, pattern, since=0):
        """A line of mail.log, without date, host and queue id."""
        line = self.w.postfix.log.wait(pattern, since)[0]
        return re.sub(r"^.*?postfix/", "postfix/", line)

    # The steps.

    def introduce(self):
        title("A mail world of its own")
        say("""A network namespace with nothing but its loopback: dnsmasq knows the MX records of two invented
            providers, a recording SMTP server plays their hosts. Postfix %s as Debian ships it, plus the files of
            postfix-examples. A private Redis: mxpolicyd asks it over its unix socket, mxbounce over TCP. Both run as user
            mxpace."""
            % self.w.postfix.command("postconf", "-dh", "mail_version").strip())
        table(["domain", "MX host", "group", "what its rule allows"],
              [["bigmail.test", "mx1.bigmail.test", "bigmail", "%d messages an hour" % LIMIT],
               ["citrus.test", "mx1.citrus.test", "citrus", "4 connections at once"]])

    def within_limit(self):
        title("Mail within the limit goes out")
        say("A campaign starts: %d messages to bigmail.test, one by one." % LIMIT)
        rows = []
        for i in range(LIMIT):
            recipient = "reader%d@bigmail.test" % (i + 1)
            code, text = self.send(recipient)[recipient]
            hold(code == 250, "Postfix accepts %s (%d %s)" % (recipient, code, text))
            rows.append([recipient, "%d %s" % (code, text), self.delivered(recipient)["reply"]])
        table(["recipient", "Postfix told the application", "bigmail told Postfix"], rows)
        hold(len(self.w.sink.messages()) == LIMIT, "the provider got %d messages" % LIMIT)

    def over_limit(self):
        title("Over the hourly limit it is deferred, with the reason")
        recipient = "reader%d@bigmail.test" % (LIMIT + 1)
        code, text = self.send(recipient)[recipient]
        say("The next one is deferred. The application is told:")
        quote("%d %s" % (code, text))
        reason = "group bigmail: limit %d/1h reached, next message in " % LIMIT
        hold(code == 450 and reason in text, "450 with the reason")
        say("and so is the administrator, in mail.log:")
        quote(self.log_line(r"NOQUEUE: reject: RCPT from .*limit %d/1h reached.*" % LIMIT))
        say("Redis holds the count, for all hosts of a fleet:")
        key = next(iter(self.w.redis.keys("mxpace:{g:bigmail}:sent:*")))
        command, out = self.redis_cli("HGET", key, "total")
        quote(command, *out)
        hold(out == [str(LIMIT)], "Redis has counted %d" % LIMIT)
        code, text = self.send("reader@citrus.test")["reader@citrus.test"]
        self.delivered("reader@citrus.test")
        say("Other providers don't wait for it: reader@citrus.test is answered %d, and delivered." % code)
        hold(code == 250, "citrus isn't held up")

    def bounce(self):
        title("A bounce quarantines the address")
        gone = "moved@citrus.test"
        self.w.sink.reply("^%s$" % gone, "550 5.1.1 <%s> User unknown" % gone)
        say("%s has left. Postfix accepts the message, and the provider refuses it:" % gone)
        mark = self.w.postfix.log.mark()
        hold(self.send(gone)[gone][0] == 250, "Postfix accepts it the first time")
        quote(self.log_line(r"postfix/smtp\[.*to=<%s>.*status=bounced.*" % gone, mark))
        say("Postfix writes its notice to the return path, %s, where pipe(8) starts mxbounce:" % RETURN_PATH)
        quote(self.log_line(r"postfix/pipe\[.*relay=mxbounce.*status=sent.*", mark))
        user = self.ran_as()
        say("It ran as the user %s. What it has understood stands in Redis:" % user)
        hold(user == "mxpace", "pipe(8) ran mxbounce as mxpace")
        entry = wait_for(lambda: self.w.redis.entry(gone), "the quarantine entry")
        command, out = self.redis_cli("HGETALL", "mxpace:{q:%s}" % gone)
        fields = dict(zip(out[::2], out[1::2]))
        quote(command)
        for name in sorted(fields):
            print(fill(fields[name] or '""', "        %-20s " % name, " " * 29), flush=True)
        hold(entry["status"] == "quarantined" and entry["reason"] == "user_unknown" and entry["type"] == "hard",
             "the address is quarantined as user_unknown")

    def ran_as(self):
        files = [name for name in os.listdir(self.w.returned) if name.endswith(".user")]
        hold(len(files) == 1, "mxbounce ran once")
        with open(os.path.join(self.w.returned, files[0]), encoding="ascii") as f:
            return f.read().strip()

    def refused(self):
        title("The next mail to it is refused at RCPT")
        answers = self.send("moved@citrus.test", "good@citrus.test")
        rows = [["RCPT TO:<%s>" % recipient, code] for recipient, (code, _) in answers.items()]
        say("The campaign goes on with one message to the quarantined address and a good one:")
        table(["the application said", "Postfix answered"], rows)
        code, text = answers["moved@citrus.test"]
        quote("%d %s" % (code, text))
        hold(code == 550 and "is quarantined since" in text, "550 for the quarantined one")
        hold(answers["good@citrus.test"][0] == 250, "250 for the good one")
        self.delivered("good@citrus.test")
        asked = self.w.sink.records("rcpt", recipient="moved@citrus.test")
        hold(len(asked) == 1, "the provider has seen one RCPT for it")
        say("The provider has heard of moved@citrus.test once, in step 4, and not again.")

    def forged(self):
        title("A forged notice changes nothing")
        say("""The return path is a public address. Somebody at %s sends it a perfect copy of Postfix's notice, saying
            that good@citrus.test is unknown:""" % OUTSIDE)
        mark = self.w.postfix.log.mark()
        with self.w.postfix.connect(OUTSIDE) as session:
            session.mail("<>")
            hold(session.rcpt(RETURN_PATH)[0] == 250, "Postfix takes mail for the return path from anybody")
            hold(session.data(notice("good@citrus.test", mx="mx1.citrus.test"))[0] == 250, "the forged notice is taken")
        quote(self.log_line(r"postfix/pipe\[.*relay=mxbounce.*status=sent.*", mark))
        events = self.w.redis.events(address="good@citrus.test")
        say("""mxbounce has read it and seen by the Received field of our own smtpd(8) that it came from outside. It is
            recorded in the event stream (type %s), and held against nobody:""" % ", ".join(e["type"] for e in events))
        hold([e["type"] for e in events] == ["ignored"], "the event says ignored")
        command, out = self.redis_cli("EXISTS", "mxpace:{q:good@citrus.test}")
        quote(command, *out)
        hold(out == ["0"], "there is no entry of the good address")
        before = len(self.w.sink.messages("good@citrus.test"))
        code, _ = self.send("good@citrus.test")["good@citrus.test"]
        self.w.sink.wait_messages(before + 1, "good@citrus.test")
        say("Mail to good@citrus.test is answered %d and delivered, as before." % code)
        hold(code == 250, "the good address can still be mailed")


def start():
    """The world, not entered yet."""
    return World(postfix=1, examples=ADMISSION + BOUNCE,
                 **world.providers(bigmail={"messages_per_hour": LIMIT}, citrus={"connections": 4}))


def run(w):
    w.policyd("a", path=CONF_FOLDER + "/mxpolicyd.conf", redis=w.redis.unix_url)
    demo = Demo(w)
    for step in (demo.introduce, demo.within_limit, demo.over_limit, demo.bounce, demo.refused, demo.forged):
        step()
