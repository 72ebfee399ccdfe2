#!/usr/bin/python3
"""mxctl postfix: what it writes is what Postfix takes, twice is once, and all of it goes again."""
import json
import os
import re
import shutil
import subprocess
import time

import tap
from answerer import Answerer
from tap import case, check, equal, like
from world import CONF_FOLDER, EXAMPLES, STATE_FOLDER

DONE, NO, USAGE = 0, 1, 2
MAP = "socketmap:unix:mxpace/map:"
FILES = ("main.cf", "master.cf")

RULES = [
    {"name": "google", "mx": ["*.google.com"], "connections": 5, "messages_per_connection": 50},
    {"name": "single", "mx": ["*.single.test"], "connections": 1, "messages_per_connection": 1},
    {"name": "endless", "mx": ["*.endless.test"], "messages_per_connection": 0},
    {"name": "default", "mx": ["*"], "scope": "site", "connections": 5, "messages_per_connection": 20},
]
IPS = [{"name": "198.51.100.7", "bind4": "127.0.0.1"}, {"name": "elsewhere", "nodes": ["mta9"]},
       {"name": "six", "bind6": "::1", "nodes": ["mta1"]}]

# A host with a past: values over several lines, comments within, blanks and tabs, no newline at the end.
MAIN_CF = """\
# a host with a past
compatibility_level = 3.6
myhostname=mta1.shop.test
inet_interfaces = 127.0.0.1,
    ::1
queue_run_delay   =   300s
smtp_tls_policy_maps =
    # these want it
    inline:{ { secure.test = secure },
      plain.test=none },
\ttexthash:${config_directory}/tls
smtp_dns_reply_filter = texthash:${config_directory}/dns
transport_maps=texthash:$config_directory/transport,hash:$config_directory/hashed
#smtp_fallback_relay = [old.test]
smtp_fallback_relay = [elsewhere.test]"""
MASTER_CF = """\
# type  private unpriv  chroot  wakeup  maxproc command
smtp\tinet\tn - y - - smtpd
  -o smtpd_banner=hello

# the queue manager
qmgr      unix  n       -       n       300     1       qmgr
   # in between
   -v
rewrite unix - - y - - trivial-rewrite
cleanup unix n - y - 0 cleanup
smtp      unix  -       -       y       -       -       smtp
   -o smtp_helo_timeout=77s  -o { smtp_header_checks = inline:{ a=b } }
\t-o smtp_fallback_relay=[mine.test]
relay     unix  -       -       y       -       -       smtp
# the end"""
DEBIAN = """\
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       y       -       -       trivial-rewrite
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
"""
TABLES = {"tls": "x.test secure\n", "dns": "x IGNORE\n", "hashed": "hashed.test smtp:[h.test]\n",
          "transport": "gate.test smtp:[gate]\n.inside.test relay:\none@person.test smtp:\nlocal.test local:\n"}


class Site:
    """A configuration directory and an mxpace.conf for it."""

    def __init__(self, w, name, main=MAIN_CF, master=MASTER_CF, rules=None, **conf):
        self.w, self.folder = w, "%s/etc-%s" % (w.root, name)
        self.conf = "%s/setup-%s.conf" % (CONF_FOLDER, name)
        self.rules = "%s/setup-%s.rules" % (CONF_FOLDER, name)
        os.mkdir(self.folder)
        for file, text in {**TABLES, "main.cf": main, "master.cf": master}.items():
            self.write(file, text)
        self.settle(TABLES)
        subprocess.run(["postmap", "hash:%s/hashed" % self.folder], check=True)
        w.write_rules(rules or RULES, self.rules)
        self.configure(**conf)

    def configure(self, **conf):
        """map_listen is the default's unless given."""
        self.w.write_conf(self.conf, **{"enforce": "egress", "sending_ips": IPS, "mx_rules": self.rules, **conf})

    def write(self, file, text, mode="w"):
        with open("%s/%s" % (self.folder, file), mode, encoding="utf-8") as f:
            f.write(text)

    def texts(self):
        return [self.read(file) for file in FILES]

    def read(self, file):
        with open("%s/%s" % (self.folder, file), encoding="utf-8") as f:
            return f.read()

    def settle(self, files=FILES):
        """Postfix's programs wait until a file hasn't changed for a while: pretend that it hasn't."""
        past = time.time() - 60
        for file in files:
            os.utime("%s/%s" % (self.folder, file), (past, past))

    def mxctl(self, *args):
        return self.w.mxctl("postfix", *args, "-c", self.folder, conf=self.conf)

    def must(self, *args, status=DONE):
        done = self.mxctl(*args)
        equal(done.returncode, status, done.stdout + done.stderr)
        return done

    def postconf(self, *args):
        """Its lines; a warning is a failure."""
        self.settle()
        done = subprocess.run(["postconf", "-c", self.folder, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=True)
        equal(done.stderr, "")
        return done.stdout.splitlines()

    def edit(self, *args):
        """By hand."""
        self.settle()
        subprocess.run(["postconf", "-c", self.folder, *args], check=True)

    def options(self, service):
        """A service's -o of master.cf."""
        lines = [line.removeprefix(service + "/unix/") for line in self.postconf("-P")
                 if line.startswith(service + "/unix/")]
        return dict((name.strip(), value.strip()) for name, _, value in (line.partition("=") for line in lines))

    def values(self, prefix=""):
        return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in self.postconf("-n"))
                if name.startswith(prefix)}

    def services(self):
        return [line.split()[0] for line in self.postconf("-M")]

    def transports(self):
        return [name for name in self.services() if name.startswith("mxp-")]


def kept(w):
    """What is remembered of any directory."""
    folder = STATE_FOLDER + "/postfix-setup"
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def recorded(w):
    """The transports that mxpolicyd finds there, of the one directory."""
    with open("%s/postfix-setup/%s/transports" % (STATE_FOLDER, kept(w)[0]), encoding="utf-8") as f:
        return f.read().split()


def written(w):
    s = Site(w, "written")
    before = s.texts()
    with case("--dry-run prints the difference and changes nothing"):
        done = s.must("setup", "--dry-run")
        like(done.stdout, r"(?m)^\+mxp-google-1 unix - - y - 60 smtp$")
        like(done.stdout, r"(?m)^\+mxp-google-1_destination_recipient_limit = 50$")
        equal(s.texts(), before)
        equal(kept(w), [])
    with case("setup writes both files, and says that a reload is needed"):
        done = s.must("setup")
        like(done.stdout, "postfix -c %s reload" % re.escape(s.folder))
        equal(s.transports(), ["mxp-%s-%d" % (name, ip) for name in ("google", "single", "endless", "default", "unknown")
                               for ip in (1, 3)])
    with case("Postfix reads them without a warning"):
        s.postconf("-n")
        s.postconf("-M")
        done = subprocess.run(["postfix", "-c", s.folder, "check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=True)
        equal(re.findall("(?m)^.*(?:warning|fatal|unused).*$", done.stdout), [])
    with case("qmgr resolves through a rewrite service of its own, and keeps its arguments"):
        equal(s.options("qmgr"), {"rewrite_service_name": "rewrite-egress"})
        like("\n".join(s.postconf("-M")), r"(?m)^qmgr +unix .* qmgr .*-v")
        site = "texthash:$config_directory/transport,hash:$config_directory/hashed"
        equal(s.options("rewrite-egress"), {"transport_maps": MAP + "transport " + site,
                                            "sender_dependent_default_transport_maps": MAP + "sender"})
    with case("a transport asks us first and then the site's own tables, and keeps the options of smtp"):
        o = s.options("mxp-google-1")
        equal(o["smtp_dns_reply_filter"], MAP + "dns/mxp-google-1 texthash:${config_directory}/dns")
        like(o["smtp_tls_policy_maps"], "^" + re.escape(MAP) + r"connect/mxp-google-1 inline:\{ \{ secure.test = secure \},"
             r"\s+plain.test=none \},\s+texthash:\$\{config_directory\}/tls$")
        equal(o["smtp_delivery_status_filter"], MAP + "status/mxp-google-1 $default_delivery_status_filter")
        equal((o["smtp_helo_timeout"], o["smtp_header_checks"]), ("77s", "inline:{ a=b }"))
        equal(o["smtp_fallback_relay"], "")
    with case("messages on one connection"):
        reuse = "smtp_connection_reuse_count_limit"
        equal([s.options("mxp-%s-1" % name).get(reuse) for name in ("google", "endless", "default", "single")],
              ["49", "0", "19", None])
        for name in ("google", "default"):
            equal(s.options("mxp-%s-1" % name)["smtp_connection_cache_destinations"], MAP + "cache/mxp-%s-1" % name)
        for name in ("single", "unknown"):
            equal(s.options("mxp-%s-1" % name)["smtp_connection_cache_on_demand"], "no")
            equal(s.options("mxp-%s-1" % name)["smtp_connection_cache_destinations"], "")
    with case("addresses: with IPv6 alone a list of interfaces must not stop smtp(8)"):
        names = ("smtp_bind_address", "smtp_bind_address6", "inet_protocols", "inet_interfaces", "smtp_bind_address_enforce")
        enforce = "yes" if "smtp_bind_address_enforce" in "".join(s.postconf("-d")) else None
        equal([s.options("mxp-google-1").get(n) for n in names], ["127.0.0.1", None, "ipv4", "all", enforce])
        equal([s.options("mxp-google-3").get(n) for n in names], [None, "::1", "ipv6", "all", enforce])
    with case("concurrency: an own class has its connections at the fastest level and two, a shared one 20"):
        v = s.values("mxp-")
        limit = "mxp-%s-1_destination_concurrency_limit"
        equal([v[limit % name] for name in ("google", "single", "endless", "default", "unknown")],
              ["22", "6", "20", "20", "20"])  # boost: four times the rule's
        equal(v["mxp-single-1_initial_destination_concurrency"], "5")
        equal(v["mxp-google-3_initial_destination_concurrency"], "5")
        equal(v["mxp-google-1_destination_concurrency_failed_cohort_limit"], "0")
        equal(v["mxp-google-1_destination_concurrency_negative_feedback"], "0")
        equal(v["mxp-google-1_destination_concurrency_positive_feedback"], "1")
        equal(v["mxp-google-1_destination_recipient_limit"], "50")
    with case("the queue's timers are proposed only"):
        like(s.mxctl("setup").stdout, r"queue_run_delay = 60s,\s+minimal_backoff_time = 60s,\s+maximal_backoff_time = 600s")
        equal(s.values("queue_run_delay"), {"queue_run_delay": "300s"})
    with case("a second run changes nothing"):
        after = s.texts()
        like(s.must("setup").stdout, "Nothing to change")
        equal(s.texts(), after)
    with case("show has it all, and fits"):
        found = json.loads(s.w.mxctl("--json", "postfix", "show", "-c", s.folder, conf=s.conf).stdout)
        equal((found["set_up"], found["fits"], found["transports"]), (True, True, 10))
        equal(found["transport_list"][0], {"transport": "mxp-google-1", "class": "google", "sending_ip": "198.51.100.7",
                                           "messages_per_connection": 50, "concurrency": 22})
        equal(s.mxctl("show").returncode, DONE)
    with case("remove --dry-run changes nothing"):
        s.must("remove", "--dry-run")
        equal(s.texts(), after)
    with case("remove: byte for byte what they were, and nothing is remembered"):
        like(s.must("remove").stdout, "byte for byte")
        equal(s.texts(), before)
        equal(kept(w), [])
    with case("a second remove changes nothing"):
        like(s.must("remove").stdout, "Nothing to change")
        equal(s.texts(), before)


def changed_rules(w):
    s = Site(w, "rules")
    before = s.texts()
    s.must("setup")
    s.w.write_rules([{**RULES[0], "messages_per_connection": 10}, {"name": "new", "mx": ["*.new.test"],
                     "messages_per_connection": 7}, RULES[3]], s.rules)
    with case("rules changed: show says no and what would change, status warns"):
        like(s.must("show", status=NO).stdout, r"(?m)^\+mxp-new-1 unix")
        done = s.w.mxctl("status", conf=s.conf)
        like(done.stderr, "(?m)^mxctl: Postfix in %s is set up for other rules or settings" % re.escape(s.folder))
    with case("setup: those that are not needed any more go, new ones come"):
        s.must("setup")
        equal(s.transports(), ["mxp-%s-%d" % (name, ip) for name in ("google", "new", "default", "unknown")
                               for ip in (1, 3)])
        equal([name for name in s.values("mxp-") if "single" in name or "endless" in name], [])
        equal(s.options("mxp-google-1")["smtp_connection_reuse_count_limit"], "9")
        equal(s.mxctl("show").returncode, DONE)
        like(s.must("setup").stdout, "Nothing to change")
        equal(recorded(w), s.transports())
    with case("status has nothing to warn of then"):
        check("set up" not in s.w.mxctl("status", conf=s.conf).stderr, "it warns")
    with case("admission wants none of it: show says so, and setup does nothing"):
        s.configure(enforce="admission")
        like(s.must("show", status=NO).stdout, "(?m)^-mxp-google-1 unix")
        like(s.must("setup", status=NO).stderr, 'set it to "egress" or "observe"')
    with case("a mistake in mxpace.conf does not stand in the way out"):
        s.configure(enforce="nonsense")
        like(s.must("remove").stderr, "nonsense")
        equal(s.texts(), before)


def edited(w):
    s = Site(w, "edited")
    with case("with the timers, which postconf(1) adds in any order, twice is once as well"):
        for _ in range(3):
            s.must("setup", "--timers")
            equal(s.values("queue_run_delay"), {"queue_run_delay": "60s"})
            equal(s.values("smtp_fallback_relay"), {"smtp_fallback_relay": "[elsewhere.test]"})
            after = s.texts()
            like(s.must("setup").stdout, "Nothing to change")
            equal(s.texts(), after)
            s.must("remove")
            equal(s.texts(), [MAIN_CF, MASTER_CF])
    with case("remove after edits by hand: they stay, ours goes, the difference is shown"):
        s.must("setup", "--timers")
        s.edit("-e", "minimal_backoff_time = 222s")
        s.write("main.cf", "mynetworks = 127.0.0.0/8\n", "a")
        s.write("master.cf", "mine unix - - n - - smtp\n  -o syslog_name=mine\n", "a")
        done = s.must("remove")
        like(done.stdout, r"(?m)^-mxp-google-1 unix")
        equal(s.values("mxp-"), {})
        equal([name for name in s.services() if name not in ("smtp", "qmgr", "rewrite", "cleanup", "relay")], ["mine"])
        equal((s.options("qmgr"), s.options("mine")), ({}, {"syslog_name": "mine"}))
        equal(s.options("smtp")["smtp_fallback_relay"], "[mine.test]")
        v = s.values()
        equal((v["queue_run_delay"], v["minimal_backoff_time"], v["mynetworks"]), ("300s", "222s", "127.0.0.0/8"))
        check("maximal_backoff_time" not in v, "a timer stayed")
        check("# mxpace" not in s.read("main.cf") + s.read("master.cf"), "a comment stayed")
        check("# these want it" in s.read("main.cf") and "# a host with a past" in s.read("main.cf"), "comments are gone")
    with case("edits between two setups: what remove puts back has them"):
        s.must("setup", "--timers")
        s.write("main.cf", "biff = no\n", "a")
        s.must("show")  # a line behind ours, as postconf -e adds it: it fits
        check("set up" not in s.w.mxctl("status", conf=s.conf).stderr, "status warns")
        s.must("setup")
        equal((s.values("biff"), s.values("queue_run_delay")), ({"biff": "no"}, {"queue_run_delay": "60s"}))
        s.must("remove")
        equal((s.values("biff"), s.values("queue_run_delay")), ({"biff": "no"}, {"queue_run_delay": "300s"}))
        equal(s.values("mxp-"), {})
    with case("a damaged entry of ours is written anew"):
        s.must("setup")
        s.edit("-P", "mxp-google-1/unix/smtp_connection_reuse_count_limit=500")
        equal(s.mxctl("show").returncode, NO)
        s.must("setup")
        equal(s.options("mxp-google-1")["smtp_connection_reuse_count_limit"], "49")
    with case("what is remembered is lost: ours is known by its name"):
        shutil.rmtree(STATE_FOLDER + "/postfix-setup")
        s.must("setup")
        equal(s.mxctl("show").returncode, DONE)
        shutil.rmtree(STATE_FOLDER + "/postfix-setup")
        s.must("remove")
        equal((s.transports(), s.values("mxp-"), s.options("qmgr")), ([], {}, {}))


def placed(w):
    with case("a main.cf that is a link stays one, and modes stay"):
        s = Site(w, "link")
        os.rename(s.folder + "/main.cf", s.folder + "/main.real")
        os.symlink("main.real", s.folder + "/main.cf")
        os.chmod(s.folder + "/master.cf", 0o640)
        s.must("setup")
        check(os.path.islink(s.folder + "/main.cf"), "main.cf is a file now")
        equal(os.stat(s.folder + "/master.cf").st_mode & 0o777, 0o640)
        s.must("remove")
        equal(s.texts(), [MAIN_CF, MASTER_CF])
        equal(sorted(os.listdir(s.folder)), sorted([*TABLES, "main.cf", "main.real", "master.cf", "hashed.db"]))
    for label, listen, wanted, note in (
            ("relative to the queue directory", "unix:/var/spool/postfix/mxpace/map", "unix:mxpace/map", False),
            ("the one of several that is below it", "inet:127.0.0.1:7 unix:/var/spool/postfix/m", "unix:m", False),
            ("elsewhere, with a warning where smtp is chrooted", "unix:/run/mxpace/map", "unix:/run/mxpace/map", True),
            ("inet as it is", "inet:127.0.0.1:10041", "inet:127.0.0.1:10041", False)):
        with case("the socket: " + label):
            s = Site(w, "socket-" + re.sub(r"\W+", "-", wanted), map_listen=listen)
            equal("runs in a chroot" in s.must("setup").stdout, note)
            equal(s.options("mxp-google-1")["smtp_delivery_status_filter"].split()[0],
                  "socketmap:%s:status/mxp-google-1" % wanted)
            s.must("remove")
    with case("a folder that is none, or without main.cf: said, and 1"):
        for folder in ("/nowhere", w.root):
            done = w.mxctl("postfix", "setup", "-c", folder, conf=s.conf)
            equal(done.returncode, NO)
            like(done.stderr, "^mxctl: %s" % re.escape(folder))


def refused(w):
    rows = [
        ("a relayhost", "relayhost = [smart.test]\n", "relayhost = "),
        ("relayhosts by sender", "sender_dependent_relayhost_maps = inline:{a=b}\n", "sender_dependent_relayhost_maps = "),
        ("another default transport", "default_transport = uucp\n", "default_transport = uucp"),
        ("a transport for all", "transport_maps = inline:{*=smtp:[x]}\n", r'"\*"'),
    ]
    for number, (label, line, words) in enumerate(rows):
        s = Site(w, "refused-%d" % number, main=re.sub("(?m)^transport_maps.*\n", "", MAIN_CF) + "\n" + line)
        before = s.texts()
        with case(label + ": refused, and nothing changes"):
            like(s.must("setup", status=NO).stderr, words)
            equal(s.texts(), before)
        with case(label + ": --force goes on"):
            s.must("setup", "--force")
            equal(len(s.transports()), 10)
            s.must("remove")
            equal(s.texts(), before)
    many = [{"name": "r%d" % i, "mx": ["mx%d.test" % i], "messages_per_connection": i + 100} for i in range(100)]
    s = Site(w, "many", rules=[*many, RULES[3]])
    with case("over 200 transports: refused, with their number"):
        like(s.must("setup", status=NO).stderr, "^mxctl: 204 transports: over 200 ")
        equal(s.texts(), [MAIN_CF, MASTER_CF])
    with case("over 200 transports: --force writes them"):
        s.must("setup", "--force")
        equal(len(s.transports()), 204)
        like(s.must("setup", "--force").stdout, "Nothing to change")
        s.must("remove")
        equal(s.texts(), [MAIN_CF, MASTER_CF])
    with case("no sending IP on this node: refused, --force or not"):
        s.configure(sending_ips=[IPS[1]])
        like(s.must("setup", "--force", status=NO).stderr, "none of sending_ips exists on the node mta1")


def notes(w):
    s = Site(w, "notes")
    with case("domains of the site's own transport_maps are told, those that are local are not"):
        done = s.mxctl("setup", "--dry-run")
        like(re.sub(r"\s+", " ", done.stdout),
             re.escape('transport_exceptions = [ ".inside.test", "gate.test", "hashed.test", "person.test" ];'))
    with case("not those that are exceptions already, nor tables without entries"):
        s.configure(transport_exceptions=[".inside.test", "gate.test", "person.test", "hashed.test"])
        found = json.loads(w.mxctl("--json", "postfix", "show", "-c", s.folder, conf=s.conf).stdout)
        equal([n for n in found["notes"] if "transport_maps" in n["notes"]], [])
    with case("tables that cannot be listed are named"):
        s.write("main.cf", "\ntransport_maps = regexp:/x, hash:/nowhere\n", "a")
        done = s.mxctl("show")
        like(done.stdout, r"the table regexp:/x of transport_maps")
        like(done.stdout, r"the table hash:/nowhere of transport_maps")
    with case("another size of the active queue is told"):
        s.write("main.cf", "\nqmgr_message_active_limit = 50000\n", "a")
        like(re.sub(r"\s+", " ", s.mxctl("show").stdout), "qmgr_message_active_limit = 50000, but active_queue_limit = 20000")


def observe(w):
    s = Site(w, "observe", master=MASTER_CF + "\n", enforce="observe")
    before = s.texts()
    with case("observe: only the look-ups, on smtp and relay"):
        s.must("setup")
        equal((s.transports(), s.options("qmgr"), s.values("mxp-")), ([], {}, {}))
        check("rewrite-egress" not in s.services(), "there is a rewrite-egress")
        for service in ("smtp", "relay"):
            o = s.options(service)
            equal(o["smtp_dns_reply_filter"], "%sdns/%s texthash:${config_directory}/dns" % (MAP, service))
            like(o["smtp_tls_policy_maps"], "^%sconnect/%s inline:" % (re.escape(MAP), service))
            equal(o["smtp_delivery_status_filter"], "%sstatus/%s $default_delivery_status_filter" % (MAP, service))
        equal(s.options("smtp")["smtp_fallback_relay"], "[mine.test]")
        equal(s.read("main.cf"), before[0])
        like(s.must("setup").stdout, "Nothing to change")
        s.postconf("-n")
    with case("from observe to egress and back"):
        seen = s.texts()
        s.configure(enforce="egress")
        s.must("setup")
        equal((len(s.transports()), "socketmap" in s.options("smtp").get("smtp_dns_reply_filter", "")), (10, False))
        s.configure(enforce="observe")
        s.must("setup")
        equal(s.texts(), seen)
    with case("remove after an edit: tables of the site that stood in the service come back"):
        s.must("remove")
        equal(s.texts(), before)
        s.edit("-P", "smtp/unix/smtp_dns_reply_filter=texthash:/own")
        s.must("setup")
        equal(s.options("smtp")["smtp_dns_reply_filter"], MAP + "dns/smtp texthash:/own")
        s.write("main.cf", "\nbiff = no\n", "a")
        s.must("remove")
        o = s.options("smtp")
        equal((o["smtp_dns_reply_filter"], "smtp_tls_policy_maps" in o, s.options("relay")), ("texthash:/own", False, {}))


def examples(w):
    """postfix-examples/*.egress is what is written."""
    s = Site(w, "examples", main="compatibility_level = 3.6\n", master=DEBIAN, rules=[RULES[0], RULES[3]], sending_ips=[])
    s.must("setup")
    for file in FILES:
        with case("postfix-examples/%s.egress is what is written" % file):
            with open("%s/%s.egress" % (EXAMPLES, file), encoding="utf-8") as f:
                shown = f.read()
            heading = "# mxpace: written by"
            text = s.read(file)
            equal(re.sub(r"  -o tls_required_enable=no\n", "", text[text.index(heading):]),  # of Postfix 3.10
                  shown[shown.index(heading):])
    s.must("remove")


def running(w):
    """Postfix itself, with what was written, delivers; a toy stands in for mxpolicyd."""
    def answer(asked):
        return "OK mxp-default-1:" if asked.map == "transport" and "@" in asked.key else "NOTFOUND "

    conf = w.write_conf(CONF_FOLDER + "/running.conf", enforce="egress", mx_rules=CONF_FOLDER + "/running.rules")
    w.write_rules(RULES, CONF_FOLDER + "/running.rules")
    folder = w.postfix.queue + "/mxpace"
    os.makedirs(folder, exist_ok=True)
    with Answerer(folder + "/map", answer) as toy:
        with case("the real directory is the default, and --reload has Postfix reload"):
            mark = w.postfix.log.mark()
            done = w.mxctl("postfix", "setup", "--reload", "--timers", conf=conf)
            equal(done.returncode, DONE, done.stdout + done.stderr)
            w.postfix.log.wait("reload -- version", mark)
        with case("a message goes out by our transport, which asks everything, and Postfix complains of nothing"):
            mark = w.postfix.log.mark()
            w.postfix.send("news@shop.test", ["u@foo.test"])
            w.postfix.log.wait(r"to=<u@foo\.test>.* status=sent", mark, 20.0)
            equal({(a.map, a.service) for a in toy.asked if a.map not in ("transport", "sender")},
                  {(name, "mxp-default-1") for name in ("dns", "connect", "cache", "status")})
            check(toy.find("sender") and toy.find("transport", "u@foo"), "qmgr did not ask: %s" % toy.asked)
            equal(w.postfix.log.lines("warning|fatal|error:", mark), [])
        with case("after remove nothing is asked any more"):
            mark = w.postfix.log.mark()
            equal(w.mxctl("postfix", "remove", "--reload", conf=conf).returncode, DONE)
            w.postfix.log.wait("reload -- version", mark)
            count = len(toy.asked)
            w.postfix.send("news@shop.test", ["again@foo.test"])
            w.postfix.log.wait(r"to=<again@foo\.test>.* status=sent", mark, 20.0)
            equal(len(toy.asked), count)


def usage(w):
    with case("-c behind the command is the directory's, before it the configuration's"):
        done = w.mxctl("postfix", "setup", "-c")
        equal((done.returncode, "-c needs a value" in done.stderr), (USAGE, True))
        done = w.run(w.binary("mxctl"), "-c", "/nowhere.conf", "postfix", "show", "-c", "/etc/postfix")
        equal(done.returncode, NO)
        like(done.stderr, "/nowhere.conf")


def run(w):
    for part in (written, changed_rules, edited, placed, refused, notes, observe, examples, running, usage):
        part(w)


tap.main(run, postfix=1, examples=())
