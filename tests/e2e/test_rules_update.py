#!/usr/bin/python3
"""Signed updates of the rules, over HTTPS: only a good one changes anything, on all nodes, and no request notices."""
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.request

import isolation
import tap
import world
from load import Load
from map_client import MapClient
from process import wait_for
from rules_server import Authority, RulesServer
from tap import case, check, equal, like

SOON = 30.0  # nodes look every 5 s
FREE = 1000000
NAMES = ("mx-rules.conf", "bounce-rules.conf")
BOUNCE = 'text = ( { name = "unknown"; type = "hard"; reason = "user_unknown"; match = "no such user"; ' \
         'sample = [ "550 no such user" ]; } );\n'


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Site:
    """Three nodes with a state folder each, a publisher with a key, and a server."""

    def __init__(self, w):
        self.w = w
        self.www, self.rules = w.root + "/www", w.root + "/published"
        for folder in (self.www, self.rules):
            os.makedirs(folder)
        self.key = w.root + "/rules.key"
        done = w.run(w.binary("mxctl"), "--json", "rules", "key", self.key)
        equal(done.returncode, 0, done.stderr)
        self.public = json.loads(done.stdout)["public_key"]
        self.authority = Authority(w.root + "/authority")
        self.server = RulesServer(self.www, self.authority).start()
        self.nodes = {}

    def settings(self, name, **settings):
        folder = "%s/state-%s" % (self.w.root, name)
        if not os.path.isdir(folder):
            os.makedirs(folder)
            shutil.chown(folder, "mxpace", "mxpace")
        return {"state_dir": folder, "rules_url": self.server.url("rules.json"), "rules_keys": [self.public],
                "rules_ca": self.authority.ca, "mx_rules_local": self.w.root + "/local.conf",
                "map_listen": "unix:" + self.map(name), **settings}

    def map(self, name):
        return os.path.dirname(self.w.socket_path(name)) + "/map"

    def state(self, name="a"):
        return "%s/state-%s/rules" % (self.w.root, name)

    def write(self, limit, **more):
        """What the publisher's files say: how many an hour the provider `small` takes."""
        rules = world.providers(big={"limits": ["%d/1h" % FREE], "connections": 50, **more},
                                small={"limits": ["%d/1h" % limit]})["rules"]
        self.w.write_rules(rules, self.rules + "/mx-rules.conf")
        with open(self.rules + "/bounce-rules.conf", "w", encoding="utf-8") as f:
            f.write(BOUNCE)

    def publish(self, version, key=None):
        done = self.w.run(self.w.binary("mxctl"), "rules", "publish", self.rules, "--key", key or self.key, "--output",
                          self.www + "/rules.json", "--as", version)
        equal(done.returncode, 0, done.stderr)

    def mxctl(self, *args, name="a"):
        return self.w.mxctl(*args, conf=self.nodes[name].conf_path)

    def update(self, *args, name="a"):
        return self.mxctl("rules", "update", *args, name=name)

    def json(self, *args, name="a"):
        done = self.mxctl("--json", *args, name=name)
        return json.loads(done.stdout)

    def in_force(self, name="a"):
        link = self.state(name) + "/current"
        return os.readlink(link) if os.path.islink(link) else None

    def uses(self, name, version):
        """Whether a running node has loaded it."""
        return metric(self.nodes[name], "rules_version") == int(version)

    def snapshot(self):
        """All that an update may change; what notes a failure is left out."""
        found = {}
        for name in self.nodes:
            for folder, _, files in os.walk(self.state(name)):
                for file in files:
                    path = os.path.join(folder, file)
                    if os.path.basename(path) not in ("last", "lock"):
                        with open(path, "rb") as f:
                            found[path] = f.read()
            found[name] = self.in_force(name)
        found["redis"] = self.w.redis.hash("mxpace:rules")
        return found


def metric(node, name):
    number = "abcdefgh".index(node.name)
    with _direct.open("http://127.0.0.1:%d/metrics" % (9925 + number), timeout=10) as answer:
        return float(re.search(r"^mxpace_%s (\S+)$" % name, answer.read().decode(), re.M)[1])


class Maps:
    """Look-ups at a node's map socket, all the time."""

    def __init__(self, path):
        self.path, self.count, self.errors = path, 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)

    def _run(self):
        try:
            with MapClient(self.path) as client:
                while not self._stop.is_set():
                    reply = client.ask("sender", "news@shop.test")
                    if not re.match(r"OK |NOTFOUND ", reply):
                        self.errors.append(reply)
                    self.count += 1
                    self._stop.wait(0.005)
        except Exception as e:  # pylint: disable=broad-except
            self.errors.append(repr(e))


def publishing(w, s):
    with case("a key: its file is the owner's alone, the public half beside it"):
        equal(os.stat(s.key).st_mode & 0o777, 0o600)
        like(open(s.key + ".pub", encoding="utf-8").read(), re.escape(s.public))
    with case("what mxctl has signed, minisign verifies"):
        s.write(2)
        s.publish("2024012201")
        done = w.run("minisign", "-Vm", s.www + "/rules.json", "-P", s.public)
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, "Trusted comment: mxpace rules 2024012201")
    with case("files with a mistake are not signed"):
        with open(s.rules + "/bounce-rules.conf", "a", encoding="utf-8") as f:
            f.write("no_such_list = 1;\n")
        before = open(s.www + "/rules.json", "rb").read()
        done = w.run(w.binary("mxctl"), "rules", "publish", s.rules, "--key", s.key, "--output", s.www + "/rules.json")
        equal(done.returncode, 1)
        like(done.stderr, r"bounce-rules\.conf:\d+: no_such_list: unknown list")
        equal(open(s.www + "/rules.json", "rb").read(), before)
    with case("a key with a password is refused, with words how to make one without"):
        text = open(s.key, encoding="utf-8").read().replace("RWQAAEIy", "RWRTY0Iy")
        path = w.root + "/password.key"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o600)
        done = w.run(w.binary("mxctl"), "rules", "publish", s.rules, "--key", path)
        equal(done.returncode, 1)
        like(done.stderr, "mxctl rules key FILE")


def good(w, s):
    with case("a good update, as root: shown, installed, its files belong to the owner of the folder"):
        before = s.in_force()
        done = s.update("--dry-run")
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, "nothing was changed")
        equal(s.in_force(), before)
        done = s.update()
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, r"(?s)2024012201.*small.*in force")
        equal(s.in_force(), "2024012201")
        owner = os.stat(w.root + "/state-a").st_uid
        for folder, folders, files in os.walk(s.state()):
            for one in folders + files:
                equal(os.lstat(os.path.join(folder, one)).st_uid, owner, one)
    with case("it is told: Redis, an event, the history, status"):
        told = w.redis.hash("mxpace:rules")
        equal((told["version"], told["how"]), ("2024012201", "update"))
        check(w.redis.events(type="rules", version="2024012201"), "no event")
        equal(s.json("rules", "history")["changes"][0]["version"], "2024012201")
        equal(s.json("status")["mx_rules"]["version"], "2024012201")
    with case("all nodes use it within seconds, the others through Redis, verified there"):
        for name, node in s.nodes.items():
            node.log.wait(r"rules: version 2024012201 instead of the configured files", deadline=SOON)
            wait_for(lambda n=name: s.uses(n, "2024012201"), "node %s to use it" % name, SOON)
            equal(s.in_force(name), "2024012201")
        with s.nodes["a"].connect() as p:
            equal([p.ask("u@small.test") for _ in range(2)], ["DUNNO"] * 2)
        with s.nodes["b"].connect() as p:
            like(p.ask("u@small.test"), "limit 2/1h reached")
    with case("once more: nothing to do, and that is no failure"):
        done = s.update()
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, "in force already")


def sign(w, s, text, key=None):
    """Any text as the bundle, signed by the tool."""
    path = s.www + "/rules.json"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    done = w.run("minisign", "-S", "-s", key or s.key, "-m", path, "-t", "by the tool")
    equal(done.returncode, 0, done.stderr)


def bundle(s, version, mx=None):
    texts = {name: open(os.path.join(s.rules, name), encoding="utf-8").read() for name in NAMES}
    if mx is not None:
        texts["mx-rules.conf"] = mx
    return json.dumps({"format": 1, "version": version, "made": "2026-11-22T03:00:00Z", "comment": "", "files": texts})


def refused(s, words, *args, name="a"):
    """Says why with exit 1, shows it in status, and leaves all as it was."""
    before = s.snapshot()
    done = s.update(*args, name=name)
    equal(done.returncode, 1, done.stdout + done.stderr)
    like(done.stderr, words)
    equal(s.snapshot(), before)
    like(s.json("status", name=name)["rules_updates"]["failure"], words)
    return done


def bad(w, s):
    path = s.www + "/rules.json"
    s.write(3)
    with case("a signature of somebody else: refused"):
        other = w.root + "/other.key"
        w.run(w.binary("mxctl"), "rules", "key", other)
        s.publish("2024012202", key=other)
        refused(s, "none of those that are trusted")
    with case("that is in /metrics and in the daemon's log"):
        wait_for(lambda: metric(s.nodes["a"], "rules_update_failing") == 1, "the metric", SOON)
        s.nodes["a"].log.wait(r"warning: rules: the last update failed: .*none of those that are trusted", deadline=SOON)
        check(metric(s.nodes["a"], "rules_update_age_seconds") >= 0, "no age")
    with case("a bundle that was changed behind the signature: refused"):
        s.publish("2024012202")
        text = open(path, encoding="utf-8").read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace("3/1h", "9/1h"))
        refused(s, "this is not what was signed")
    with case("a bundle that is cut off: refused"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text[:len(text) // 2])
        refused(s, "this is not what was signed")
    with case("a signature that is cut off: refused"):
        s.publish("2024012202")
        signature = open(path + ".minisig", encoding="utf-8").read()
        with open(path + ".minisig", "w", encoding="utf-8") as f:
            f.write(signature[:100])
        refused(s, "none of minisign, or is cut off")
    with case("an older version: refused"):
        s.publish("2024012101")
        refused(s, "older than 2024012201")
    with case("right in form and signature, but its samples fail: refused, with file and line"):
        mx = open(s.rules + "/mx-rules.conf", encoding="utf-8").read()
        sign(w, s, bundle(s, "2024012202", mx.replace("limits", "sample_mx = \"mx.elsewhere.test\"; limits", 1)))
        refused(s, r"mx-rules\.conf:\d+: .*mx\.elsewhere\.test")
    with case("a bundle that reads other files: refused"):
        sign(w, s, bundle(s, "2024012202", mx + "\n@include \"/etc/passwd\"\n"))
        refused(s, "has an @include")
    with case("more than 8 MB: refused"):
        with open(path, "wb") as f:
            f.truncate(9 << 20)
        refused(s, "larger than")
    with case("a server of another authority: refused"):
        s.publish("2024012202")
        other = Authority(w.root + "/other-authority")
        w.write_conf(s.nodes["a"].conf_path, "a", **s.settings("a", rules_ca=other.ca))
        refused(s, "(?i)certificate")
        w.write_conf(s.nodes["a"].conf_path, "a", **s.settings("a"))
    with case("a redirect away from https: refused"):
        w.write_conf(s.nodes["a"].conf_path, "a", **s.settings("a", rules_url=s.server.url(
            "elsewhere/file://%s/rules.json" % s.www)))
        refused(s, "(?i)protocol")
        w.write_conf(s.nodes["a"].conf_path, "a", **s.settings("a"))
    with case("the server is down: refused"):
        s.server.stop()
        refused(s, "(?i)connect")
        s.server.start()
    disk_full(w, s)


def disk_full(w, s):
    with case("the disk is full: nothing changes, and it is told all the same"):
        shutil.copytree(s.state(), w.root + "/kept")
        isolation._mount("mxpace-small", w.root + "/state-a", "tmpfs", 0, "size=256k")  # pylint: disable=protected-access
        shutil.chown(w.root + "/state-a", "mxpace", "mxpace")
        shutil.copytree(w.root + "/kept", s.state(), symlinks=True)
        for folder, _, files in os.walk(w.root + "/state-a"):
            for one in (folder, *(os.path.join(folder, file) for file in files)):
                shutil.chown(one, "mxpace", "mxpace")
        os.unlink(s.state() + "/current") if os.path.islink(s.state() + "/current") else shutil.rmtree(
            s.state() + "/current")
        os.symlink("2024012201", s.state() + "/current")
        filler = w.root + "/state-a/filler"
        with open(filler, "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 1024):
                    pass
            except OSError:
                pass
        refused(s, "No space left")
        os.unlink(filler)
        done = s.update()
        equal(done.returncode, 0, done.stderr)
        equal(s.in_force(), "2024012202")
        subprocess.run(["umount", "-l", w.root + "/state-a"], check=True)
        equal(s.in_force(), "2024012201")
    with case("after it: the fleet has the newer one, and this node takes it by itself"):
        for name in s.nodes:
            wait_for(lambda n=name: s.uses(n, "2024012202"), "node %s to use it" % name, 4 * SOON)


def under_load(w, s):
    with case("updates under load: no request fails, and what was counted stays"):
        key = "mxpace:{g:big}:sent:%s:1h" % world.SENDING_IP
        before = int(w.redis.hash(key).get("total", 0))
        pairs = [(s.nodes[name], "u@big.test") for name in "ab"]
        with Load(pairs, pause=lambda: 0.002) as load, Maps(s.map("c")) as maps:
            for number in range(3, 6):
                version = "20240122%02d" % number
                s.write(number)
                s.publish(version)
                equal(s.update().returncode, 0)
                for name in s.nodes:
                    wait_for(lambda n=name, v=version: s.uses(n, v), "node %s to use %s" % (name, version), SOON)
        equal(load.errors + maps.errors, [])
        asked = load.actions()
        check(len(asked) > 500 and maps.count > 100, "hardly a load")
        equal(set(asked), {"DUNNO"})
        equal(int(w.redis.hash(key)["total"]) - before, len(asked))
    with case("the new limit holds, and what was sent under the old one counts"):
        with s.nodes["b"].connect() as p:
            equal([p.ask("u@small.test") for _ in range(3)], ["DUNNO"] * 3)
            like(p.ask("u@small.test"), "limit 5/1h reached")


def going_back(w, s):
    with case("rollback: the version before, on all nodes"):
        done = s.mxctl("rules", "rollback")
        equal(done.returncode, 0, done.stderr)
        for name in s.nodes:
            wait_for(lambda n=name: s.uses(n, "2024012204"), "node %s to go back" % name, SOON)
        equal(w.redis.hash("mxpace:rules")["how"], "rollback")
        check(w.redis.events(type="rules", how="rollback", version="2024012204"), "no event")
    with case("the timer does not go forward to it again, on no node; status says so"):
        for name in s.nodes:
            done = s.update(name=name)
            equal(done.returncode, 0, done.stderr)
            like(done.stdout, "left alone")
            equal(s.in_force(name), "2024012204")
            like(s.json("status", name=name)["rules_updates"]["held"], "2024012205")
    with case("a newer one is taken, and nothing is held then"):
        s.write(6)
        s.publish("2024012206")
        equal(s.update(name="b").returncode, 0)
        for name in s.nodes:
            wait_for(lambda n=name: s.uses(n, "2024012206"), "node %s to use it" % name, SOON)
            check("held" not in s.json("status", name=name)["rules_updates"], "still held on " + name)
    with case("back to the configured files and forward again to a kept version, by hand"):
        equal(s.mxctl("rules", "rollback", "configured", name="b").returncode, 0)
        for name in s.nodes:
            wait_for(lambda n=name: s.uses(n, "0"), "node %s to use the configured files" % name, SOON)
        equal(s.mxctl("rules", "rollback", "2024012206").returncode, 0)
        for name in s.nodes:
            wait_for(lambda n=name: s.uses(n, "2024012206"), "node %s to use it" % name, SOON)
            check("held" not in s.json("status", name=name)["rules_updates"], "still held on " + name)
    with case("a version that is not kept: refused in words"):
        done = s.mxctl("rules", "rollback", "2020010101")
        equal(done.returncode, 1)
        like(done.stderr, "is not kept")


def package(w, s):
    path = world.CONF_FOLDER + "/mx-rules.conf"
    with case("a package brings newer rules: each node takes them as it reloads, and none goes back to the fleet's"):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "w", encoding="utf-8") as f:
            f.write('version = "2024012207";\n' + text)
        like(s.json("status")["mx_rules"]["newer"], "2024012207")
        for name, node in s.nodes.items():
            node.send(signal.SIGHUP)
            wait_for(lambda n=name: s.uses(n, "0"), "node %s to use the configured files" % name, SOON)
            equal(s.in_force(name), None)
        change = s.json("rules", "history")["changes"][0]
        equal((change["how"], change["before"]), ("upgrade", "2024012206"))
        equal(w.redis.hash("mxpace:rules")["version"], "2024012206")
    with case("what the server has is older, and that is no failure"):
        done = s.update()
        equal(done.returncode, 0, done.stderr)
        like(done.stdout, "2024012207 is in force, which is newer")


def own_changes(w, s):
    with open(w.root + "/local.conf", "w", encoding="utf-8") as f:
        f.write('mx_rules = ( { name = "big"; connections = 7; } );\n')
    with case("ten updates: what the operator has changed in one rule stays, the diff shows both sides"):
        for number in range(10):
            version = "20240123%02d" % (number + 1)
            s.write(6, connections=20 + number)
            s.publish(version)
            done = s.mxctl("--json", "rules", "diff")
            equal(done.returncode, 0, done.stderr)
            rows = {row["key"]: row for row in json.loads(done.stdout)["changes"]}
            equal((rows["connections"]["after"], rows["connections"]["local"]), (str(20 + number), "7"))
            equal(s.update().returncode, 0)
            equal(s.json("rules", "show", "big")["connections"], 7)
        rows = s.json("rules", "diff", "2024012310")["changes"]
        equal([(r["key"], r["before"], r["after"], r["local"]) for r in rows], [("connections", "28", "29", "7")])
    with case("ten versions are kept"):
        equal(len(s.json("rules", "list")["versions"]), 10)
    with case("custom: the rules are the operator's own, updates are off, status says so"):
        w.write_conf(s.nodes["a"].conf_path, "a", **s.settings("a", level="custom"))
        done = s.update()
        equal(done.returncode, 1)
        like(done.stderr, 'level = "custom"')
        told = s.json("status")
        like(told["rules_updates"]["state"], "off")
        equal(told["mx_rules"]["file"], world.CONF_FOLDER + "/mx-rules.conf")


def run(w):
    w.unseen.add("run")
    s = Site(w)
    try:
        s.write(2)
        s.nodes = {name: w.policyd(name, **s.settings(name)) for name in "ab"}
        s.nodes["c"] = w.policyd("c", **s.settings("c", enforce="egress"))  # answers look-ups
        publishing(w, s)
        s.write(2)
        good(w, s)
        bad(w, s)
        under_load(w, s)
        going_back(w, s)
        package(w, s)
        own_changes(w, s)
    finally:
        s.server.stop()


if __name__ == "__main__":
    tap.main(run, **world.providers(big={"limits": ["%d/1h" % FREE]}, small={"limits": ["9/1h"]}))
