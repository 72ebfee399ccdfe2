"""What long_package.py does with the package, one phase after the other: each takes the Internet and the Walk."""
import os
import re
import shutil
import subprocess

import instructions
from package import NEXT
from package_load import Load, most_in, most_open, submit
from process import wait_for
from tap import case, check, equal, like

SOURCE = "/usr/src/mxpace"  # "the folder of this source"
LOCAL_RULES = "/etc/mxpace/mx-rules.local.conf"
CHANGED = "/etc/mxpace/bounce-rules.conf"
DROP_IN = "/etc/systemd/system/mxpolicyd.service.d"
GONE_USER = "no-such-user-2@example.org"
# Not typed: what stands for the steps on other systems, or in other modes. "Taking it out again" comes last.
FURTHER = ("As mail comes in, instead", "Signed return paths", "Watching it")
UNITS = ("mxpolicyd.service", "mxpolicyd.socket", "mxpace-notify.service", "mxpace-rules-update.service",
         "mxpace-rules-update.timer")
POSTFIX = ("-t", "postfix/smtpd", "-t", "postfix/smtp", "-t", "postfix/qmgr", "-t", "postfix/cleanup", "-t",
           "postfix/trivial-rewrite", "-t", "postfix/pipe", "-t", "postfix/bounce", "-t", "postfix/error", "-t",
           "postfix/master")
# Left by others, or by the administrator's own commands.
OTHERS = r"^/(proc|sys|dev|run|tmp|root|usr/src)(/|$)|^/var/(log|cache|backups)/|^/var/tmp/systemd-private-.*redis|^/var/lib/(apt|dpkg|redis|postfix|systemd)/" \
    r"|^/var/spool/postfix/(active|bounce|defer|deferred|incoming|maildrop|private|public|pid|hold|trace)/|^/etc/redis/"


def say(text):
    print("# " + text, flush=True)


def section(title):
    return next(section for section in instructions.read() if section.title == title)


def files(machine):
    """{path: type, mode and owner} of all that this package might leave somewhere."""
    text = machine.run("find", "/", "-xdev", "-printf", r"%p\t%y %m %u:%g\n")
    return {path: what for path, _, what in (line.partition("\t") for line in text.splitlines())
            if not re.search(OTHERS, path)}


def install_deb(machine, path, *options):
    """apt-get install of a package file from outside."""
    name = "/tmp/" + os.path.basename(path)
    shutil.copy(path, machine.path(name))
    return machine.run("apt-get", "install", "-y", *options, name)


def healthy(i):
    like(i.machine.run("mxctl", "doctor"), r"(?m)^\d+ checks: \d+ fine, \d+ skipped, 0 warnings, 0 wrong, 0 away$")


def lintian(i, _walk):
    with case("lintian has neither errors nor warnings"):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on=error,warning", i.debs["this"]], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        equal((done.returncode, done.stdout), (0, ""))


def boots(i, _walk):
    with case("the machine is up with systemd as process 1, and nothing has failed"):
        equal(i.machine.run("cat", "/proc/1/comm").strip(), "systemd")
        equal(i.machine.run("systemctl", "--failed", "--plain", "--no-legend"), "")


def first(i, walk, command):
    """The package is installed; what was there before is remembered."""
    i.before = files(i.machine)
    i.postfix_before = {name: i.machine.read(name) for name in ("/etc/postfix/main.cf", "/etc/postfix/master.cf")}
    return walk.type(command)


def installs(i, walk):
    """INSTALL's ten steps, and the doctor finds nothing to say."""
    i.sink.reply(r"^no-such-user", "550 5.1.1 <no-such-user@example.org> User unknown")
    walk.type("cd " + SOURCE)
    walk.instead[r"^apt-get install -y ./build/deb/"] = lambda command: first(i, walk, command)
    for step in instructions.read():
        if step.step:
            walk.follow(step)
    with case("after the ten steps the doctor has no warning"):
        healthy(i)
    for title in FURTHER:
        walk.follow(section(title))


def units(i, _walk):
    """The units as systemd sees them."""
    with case("systemd-analyze verify has nothing to say of the units"):
        _, text = i.machine.ends("systemd-analyze", "verify", *("/lib/systemd/system/" + unit for unit in UNITS))
        equal([line for line in text.splitlines() if "Command 'man " not in line], [])  # the machine has no man(1)
    for unit in ("mxpolicyd", "mxpace-notify", "mxpace-rules-update"):
        text = i.machine.run("systemd-analyze", "security", "--no-pager", unit + ".service")
        exposure = like(text, r"Overall exposure level for \S+: ([\d.]+)")[1]
        say("exposure of %s: %s" % (unit, exposure))
        with case("%s is exposed by 1.5 at most" % unit):
            check(float(exposure) <= 1.5, text)
    with case("no unit has failed"):
        equal(i.machine.run("systemctl", "--failed", "--plain", "--no-legend"), "")


def rules(i, limits):
    """Rules of one's own, taken over by a reload."""
    i.machine.write(LOCAL_RULES, 'mx_rules = ( { name = "bulk"; mx = [ "*.bulk.example" ]; connections = 2; '
                    'messages_per_hour = 10000; burst = true; limits = [ "%s" ]; } );\n' % limits)
    since = i.machine.mark()
    i.machine.run("mxctl", "rules", "check")  # as INSTALL has it, under "Changing things later"
    i.machine.run("mxctl", "postfix", "setup", "--reload")
    i.machine.run("systemctl", "reload", "mxpolicyd")
    wait_for(lambda: any(re.match("reload: .* hold now", line) for line in i.machine.journal("-u", "mxpolicyd", since)), "the reload")


def limit_holds(i, _walk):
    """Sixty messages at once, to a provider of two connections and twenty messages in four seconds."""
    with case("a rule of one's own is taken by a reload, and mail is held to it"):
        rules(i, "20/4s")
        with i.machine.network:
            submit(["u%d@bulk.example" % n for n in range(60)])
        wait_for(lambda: len(of_bulk(i, "message")) >= 60, "60 messages at the provider", 60)
        times, opened = [r["t"] for r in of_bulk(i, "message")], most_open(of_bulk(i))
        say("limit 20/4s, 2 connections: at most %d in 4 s, %d open, 60 taken in %.1f s"
            % (most_in(times, 4), opened, max(times) - min(times)))
        check(most_in(times, 4) <= 20 and opened <= 2, "over the limit")
        check(max(times) - min(times) >= 8, "it was not held")
    with case("a file with a mistake is refused, and the old rules go on"):
        good = i.machine.read(LOCAL_RULES)
        i.machine.write(LOCAL_RULES, good.replace("connections = 2", "connections = two"))
        since = i.machine.mark()
        check(i.machine.ends("systemctl", "reload", "mxpolicyd")[0] != 0, "the reload does not fail")
        wait_for(lambda: any(LOCAL_RULES + ":1" in line for line in i.machine.journal("-u", "mxpolicyd", since)),
                 "words about the mistake")
        i.machine.write(LOCAL_RULES, good)
        equal(i.machine.run("systemctl", "is-active", "mxpolicyd").strip(), "active")


def of_bulk(i, event=None):
    return [r for r in i.sink.records(event) if r["mx"] == "mx1.bulk.example"]


def quarantines(i, _walk):
    with case("a bounce puts its address into quarantine"):
        with i.machine.network:
            submit([GONE_USER])
        wait_for(lambda: i.machine.ends("mxctl", "quarantine", "show", GONE_USER)[0] == 0, GONE_USER + " in quarantine", 30)


def notifies(i, _walk):
    """The follower's unit, enabled by INSTALL: what it may reach suffices for sendmail(1)."""
    with case("mxpace-notify hands a mail to Postfix, from within its unit"):
        i.machine.run("mxctl", "account", "suspend", "phished.example", "--why", "phished")
        # The zone of the test has no example.com: it stays in the queue.
        wait_for(lambda: "postmaster@example.com" in i.machine.run("postqueue", "-p"), "its mail in the queue", 30)
        wait_for(lambda: any("mailed to postmaster@example.com: Account phished.example is suspended" in line
                             for line in i.machine.journal("-u", "mxpace-notify")), "its word of that")
        i.machine.run("postsuper", "-d", "ALL")
        i.machine.run("mxctl", "account", "resume", "phished.example")
        equal(i.machine.run("systemctl", "is-active", "mxpace-notify").strip(), "active")


def sent_to_bulk(i):
    text = i.machine.run("mxctl", "group", "list")
    return int(like(text, r"\b(\d+)/10000 in 1h", "group list")[1])  # on a line of its own, if the row is too wide


def main_pid(i):
    return int(i.machine.run("systemctl", "show", "-p", "MainPID", "--value", "mxpolicyd"))


def taken_over(i, since):
    """What the mxpolicyd that runs says it has of the one before."""
    told = re.compile(r"connections of the mxpolicyd before that go on: (\d+)")
    found = []
    wait_for(lambda: found.extend(told.findall("\n".join(i.machine.journal("-u", "mxpolicyd", since)))) or found,
             "its words about connections")
    return int(found[-1])


def restarts(i, _walk):
    """Restarted and reloaded by systemctl under load; hung, it is ended by systemd."""
    rules(i, "80/4s")
    since, before = i.machine.mark(), main_pid(i)
    with case("systemctl restart and reload under load: no look-up fails, connections go on"):
        with Load(i.machine, "bulk.example", name="again") as load:
            load.wait(30)
            i.machine.run("systemctl", "restart", "mxpolicyd")
            load.wait(30)
            i.machine.run("systemctl", "reload", "mxpolicyd")
            load.wait(30)
        equal(load.failures, [])
        check(main_pid(i) not in (0, before), "it is the old one")
        count = taken_over(i, since)
        say("%d connections went on over a restart; the longest look-up took %.0f ms" % (count, 1000 * load.longest_s))
        check(count > 0, "none went on")
        wait_for(lambda: set(load.sent) <= {r["recipients"][0] for r in of_bulk(i, "message")}, "all mail at the provider", 60)
    with case("... each message arrived once, and nobody warned of anything"):
        equal(sorted(r["recipients"][0] for r in of_bulk(i, "message") if r["recipients"][0].startswith("again")),
              sorted(load.sent))
        complaints = [line for line in i.machine.journal(*POSTFIX, "-t", "mxpolicyd", since)
                      if re.search(r"warning:|error:|fatal:|panic:|status=deferred", line)]
        equal(complaints, [])
    with case("one that hangs is ended by systemd's watchdog, and another goes on"):
        os.makedirs(i.machine.path(DROP_IN))
        i.machine.write(DROP_IN + "/soon.conf", "[Service]\nWatchdogSec=3\n")
        i.machine.run("systemctl", "daemon-reload")
        i.machine.run("systemctl", "restart", "mxpolicyd")
        since, before = i.machine.mark(), main_pid(i)
        i.machine.run("kill", "-STOP", str(before))
        wait_for(lambda: main_pid(i) not in (0, before), "another mxpolicyd", 30)
        wait_for(lambda: i.machine.run("systemctl", "is-active", "mxpolicyd", check=False).strip() == "active", "it to be up", 10)
        check(any("Watchdog timeout" in line for line in i.machine.journal(since)), "not by the watchdog")
        with i.machine.network:
            submit(["hung@bulk.example"])
        i.sink.wait_messages(1, "hung@bulk.example", 30)
        shutil.rmtree(i.machine.path(DROP_IN))
        i.machine.run("systemctl", "daemon-reload")
        i.machine.run("systemctl", "restart", "mxpolicyd")


def upgrades(i, _walk):
    """To a higher version under load: nobody notices."""
    rules(i, "80/4s")
    mine = "# changed by the administrator\n" + i.machine.read(CHANGED)
    i.machine.write(CHANGED, mine)
    since, before = i.machine.mark(), main_pid(i)
    with case("an upgrade under load"):
        with Load(i.machine, "bulk.example") as load:
            load.wait(60)
            text = install_deb(i.machine, i.debs["next"], "-o", "Dpkg::Options::=--force-confold")
            like(text, r"Setting up mxpace \(%s\)" % re.escape(NEXT))
            load.wait(60)
        equal(load.failures, [])
        wait_for(lambda: set(load.sent) <= {r["recipients"][0] for r in of_bulk(i, "message")}, "all mail at the provider", 60)
        say("%d messages and %d look-ups during the upgrade, none failed; the longest look-up took %.0f ms"
            % (len(load.sent), load.asked, 1000 * load.longest_s))
    with case("... each message arrived once, within the limits, none was deferred, Postfix warned of nothing"):
        taken = [r["recipients"][0] for r in of_bulk(i, "message") if r["recipients"][0].startswith("load")]
        equal(sorted(taken), sorted(load.sent))
        times = [r["t"] for r in of_bulk(i, "message")]
        check(most_in(times, 4) <= 80, "over the limit: %d" % most_in(times, 4))
        equal([line for line in i.machine.journal(*POSTFIX, since) if re.search(r"warning:|fatal:|panic:|status=deferred", line)], [])
    with case("... the new mxpolicyd runs, and no other"):
        check(main_pid(i) not in (0, before), "it is the old one")
        equal(i.machine.run("readlink", "/proc/%d/exe" % main_pid(i)).strip(), "/usr/sbin/mxpolicyd")
        like(i.machine.run("mxctl", "--version"), re.escape(NEXT))
    with case("... counters, quarantine and the changed file in /etc are kept"):
        check(sent_to_bulk(i) >= 60 + len(load.sent), "counted: %d" % sent_to_bulk(i))
        like(i.machine.run("mxctl", "quarantine", "show", GONE_USER), "quarantined")
        equal(i.machine.read(CHANGED), mine)
    with case("... and the doctor is content"):
        healthy(i)


def removes(i, _walk):
    """Removed while Postfix still asks: it is said, mail waits, and goes on when it is back."""
    keep = ("/etc/mxpace/mxpace.conf", LOCAL_RULES, "/etc/mxpace/verp.key", CHANGED, "/var/lib/mxpace")
    with case("remove leaves the configuration, stops all, and says that Postfix still asks"):
        like(i.machine.run("apt-get", "remove", "-y", "mxpace"), "Postfix still asks mxpolicyd")
        for path in keep:
            check(os.path.exists(i.machine.path(path)), path + " is gone")
        for path in ("/usr/sbin/mxpolicyd", "/lib/systemd/system/mxpolicyd.service", "/var/spool/postfix/mxpace/map"):
            check(not os.path.exists(i.machine.path(path)), path + " is there")
        equal(i.machine.ends("ps", "-C", "mxpolicyd,mxctl,mxbounce", "-o", "args="), (1, ""))
        equal(i.machine.run("systemctl", "--failed", "--plain", "--no-legend"), "")
    with case("... mail waits meanwhile, and leaves when it is installed again"):
        i.machine.run("sh", "-c", "printf 'Subject: t\\n\\n' | sendmail -f ann@example.com later@bulk.example")
        wait_for(lambda: "later@bulk.example" in i.machine.run("postqueue", "-p"), "it in the queue")
        install_deb(i.machine, i.debs["next"])
        i.machine.run("postfix", "reload")  # pickup(8) looks at once
        i.sink.wait_messages(1, "later@bulk.example", 60)
        like(i.machine.run("mxctl", "quarantine", "show", GONE_USER), "quarantined")


def purges(i, walk):
    """Taking it out again, as INSTALL has it; what purge leaves is looked at before the rest."""
    taking_out = section("Taking it out again")
    purged = {}

    def purge(command):
        purged["text"] = walk.type(command)
        purged["files"] = files(i.machine)
        purged["keys"] = i.machine.run("redis-cli", "--scan", "--pattern", "mxpace:*")
        return purged["text"]
    walk.instead[r"^apt-get purge"] = purge
    walk.follow(taking_out)
    with case("purge leaves what is in Redis, and says so"):
        like(purged["text"], "what is in Redis stays")
        like(purged["keys"], r"mxpace:\{q:" + re.escape(GONE_USER))
    with case("... and nothing else"):
        left = {path: what for path, what in purged["files"].items() if path not in i.before}
        own = [path for path in left if "mxpace" in path and "before-mxpace" not in path]
        equal(own, [])
        say("purge leaves the user and the group mxpace, as Debian's packages do, and nothing else")
    with case("... and all that it brought is gone with autoremove"):
        i.machine.run("apt-get", "autoremove", "--purge", "-y")
        after = files(i.machine)
        allowed = r"^/etc/(passwd|group|shadow|gshadow)-?$|before-mxpace$|/__pycache__(/|$)"
        equal({p: w for p, w in after.items() if i.before.get(p) != w and not re.search(allowed, p)}, {})
        equal({p: w for p, w in i.before.items() if p not in after}, {})
    with case("Postfix has its old files, byte for byte, and delivers"):
        for name, text in i.postfix_before.items():
            equal(i.machine.read(name), text, name)
        with i.machine.network:
            submit(["last@bulk.example"])
        i.sink.wait_messages(1, "last@bulk.example", 30)


def from_old(i, _walk):
    """From a version with other files in /etc."""
    with case("an upgrade from a version with other files in /etc takes the new ones, and keeps changed ones"):
        install_deb(i.machine, i.debs["old"])
        mine = i.machine.read(CHANGED) + "# changed by the administrator\n"
        i.machine.write(CHANGED, mine)
        install_deb(i.machine, i.debs["this"], "-o", "Dpkg::Options::=--force-confold")
        check("old version" not in i.machine.read("/etc/mxpace/mx-rules.conf"), "the unchanged file is the old one")
        equal(i.machine.read(CHANGED), mine)
        equal(i.machine.run("systemctl", "is-active", "mxpolicyd").strip(), "active")


def autopkgtest(i, _walk):
    """debian/tests as autopkgtest runs them, on the installed package."""
    with case("debian/tests passes on the installed package"):
        control = i.machine.read(SOURCE + "/debian/tests/control")
        wanted = like(control, r"(?m)^Depends: @, (.*)$")[1].split(", ")
        i.machine.run("apt-get", "install", "-y", *wanted)
        status, text = i.machine.ends("sh", "-c", "cd %s && debian/tests/world" % SOURCE)
        equal(status, 0, text)
        say("debian/tests: " + "; ".join(line for line in text.splitlines() if " passed, " in line and line[0].isdigit()))


PHASES = (lintian, boots, installs, units, limit_holds, quarantines, notifies, restarts, upgrades, removes, purges, from_old, autopkgtest)
