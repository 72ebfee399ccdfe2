#!/usr/bin/python3
"""The worked examples of mx-rules(5) are true: mxctl takes their files over the shipped rules, knows their commands, and
shows the figures that the page tells. What other documents show of configuration files has no mistake. (Commands are run
by tests/e2e/test_examples.py.)"""
import json
import os
import re
import shutil
import subprocess
import tempfile

from _tap import TREE, done, none, read, report, skip

PAGE = "man/mx-rules.5"
MXCTL = os.path.join(TREE, os.environ.get("MXPACE_BUILD", "build/release"), "mxctl")
BASE = {"mx_rules": '"mx-rules.conf"', "mx_rules_local": '"mx-rules.local.conf"', "bounce_rules": '"bounce-rules.conf"',
        "bounce_rules_local": '""', "state_dir": '"state"', "redis": '"unix:/nonexistent/redis.sock"'}
ETC = "/etc/mxpace/"

# In place of the shipped rules, where these do not matter: they take a second to check.
FEW = {"mx-rules.conf": 'mx_rules = ( { name = "default"; mx = [ "*" ]; } );\n',
       "bounce-rules.conf": 'provider = ( ); status_text = ( );\ncode = ( { name = "gone"; type = "hard"; reason = "user_unknown"; '
                            'status = "5.1.1"; sample = "550 5.1.1 gone"; } );\n'
                            'text = ( { name = "quota"; type = "soft"; reason = "mailbox_full"; match = "quota exceeded"; '
                            'sample = "552 quota exceeded"; }, { name = "greylisting"; type = "soft"; reason = "unreachable"; '
                            'match = "greylisted"; sample = "450 greylisted"; } );\n'}

# What each example says: a rule, members of `mxctl --json rules show RULE`.
SAYS = {
    "The local file": [
        ("wp", {"messages_per_hour": 900, "connections": 2}), ("ionos", None), ("towns", {"scope": "site", "connections": 1})],
    "One provider faster": [
        ("yahoo", {"messages_per_hour": 3000, "connections": 5, "messages_per_connection": 20}),
        ("google", {"messages_per_hour": 10000})],
    "A relay of your own": [
        ("relay", {"per": "group", "connections": 30, "messages_per_connection": 500, "level": "custom"}),
        ("google", {"level": "normal"})],
    "A customer who wants figures of his own": [
        ("google", {"level": "custom", "connections": 12, "limits": ["400/1m", "150000/1d"]}),
        ("default", {"connections": 3}), ("yahoo", None)],
    "Three IPs in two pools": [
        ("yahoo", {"at_level": [("fast", 7, 2400, 14, 4800), ("normal", 5, 1200, 5, 1200)]})],
    "A new IP": [("yahoo", {"connections": 5})],
}


def sections(page):
    """Each .Ss with its literal blocks."""
    for part in re.split(r"^\.Ss ", page, flags=re.M)[1:]:
        title, _, body = part.partition("\n")
        body = re.split(r"^\.Sh ", body, flags=re.M)[0]
        yield title, [block.replace("\\e", "\\") for block in
                      re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", body, re.S | re.M)]


def run(folder, *args):
    return subprocess.run([MXCTL, "-c", os.path.join(folder, "mxpace.conf"), *args], cwd=folder, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def make(folder, blocks):
    """The shipped rules, with the example's files; what these leave open as it is without them. How many it has."""
    os.makedirs(os.path.join(folder, "state"))
    shutil.copy(os.path.join(TREE, "conf/mx-rules.conf"), folder)
    written, count = {"mxpace.conf": "", "bounce-rules.conf": FEW["bounce-rules.conf"]}, 0
    for block in blocks:
        name = re.match(r"// ([\w.-]+)\n", block)
        if name:
            written[name.group(1)] = block.replace(ETC, folder + "/")
            count += 1
    written["mxpace.conf"] += "".join("%s = %s;\n" % (key, value) for key, value in BASE.items()
                                      if not re.search(r"^%s\s*=" % key, written["mxpace.conf"], re.M))
    for name, text in written.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    return count


def shown(folder, rule, *args):
    result = run(folder, "--json", "rules", "show", rule, *args)
    return json.loads(result.stdout) if result.returncode == 0 else None


def hourly(limits):
    return next((int(limit.split("/")[0]) for limit in limits if limit.endswith("/1h")), None)


def at_level(row):
    return (row["level"], row["connections"], hourly(row["limits"]), row["fleet_connections"], hourly(row["fleet_limits"]))


def differences(folder, says):
    for rule, members in says:
        got = shown(folder, rule)
        if members is None or got is None:
            if members is not got:
                yield "%s: %s" % (rule, "there is no such rule" if got is None else "there is one")
            continue
        for key, wanted in members.items():
            value = [at_level(row) for row in got[key]] if key == "at_level" else got[key]
            if value != wanted:
                yield "%s.%s: %r, not %r" % (rule, key, value, wanted)


def unknown_commands(folder, blocks):
    for line in "".join(blocks).splitlines():
        words = line.split()
        if words[:2] != ["$", "mxctl"]:
            continue
        plain = [word for word in words[2:] if not word.startswith("-")]
        helped = [run(folder, "help", *plain[:n]) for n in (2, 1)]
        text = next((result.stdout for result in helped if result.returncode == 0), "")
        if not text or any(word not in text for word in words if word.startswith("--")):
            yield line


def example(title, blocks):
    with tempfile.TemporaryDirectory(prefix="mxpace-examples-") as folder:
        report(make(folder, blocks) > 0, "%s: the page shows a file" % title)
        result = run(folder, "rules", "check")
        none("%s: rules check finds nothing" % title,
             (result.stdout + result.stderr).splitlines() if result.returncode or result.stderr else [])
        none("%s: the rules are what the page says" % title, list(differences(folder, SAYS[title])))
        none("%s: mxctl knows the commands" % title, list(unknown_commands(folder, blocks)))


def levels(page):
    """The table of what two rules come to at each level."""
    rows = re.findall(r"^\.It (\w+) Ta (\d+) of (\d+), (\d+) an hour Ta (\d+) of (\d+), (\d+) an hour", page, re.M)
    report(len(rows) == 5, "the table of levels can be read")
    wrong = []
    with tempfile.TemporaryDirectory(prefix="mxpace-examples-") as folder:
        make(folder, [])
        for level, *figures in rows:
            for rule, told in (("yahoo", figures[:3]), ("orange", figures[3:])):
                got = shown(folder, rule, "--level", level) or {}
                row = [got.get(key) for key in ("connections", "messages_per_connection", "messages_per_hour")]
                if row != [int(figure) for figure in told]:
                    wrong.append("%s %s: %s, not %s" % (level, rule, row, told))
    none("the table of levels is what rules show prints", wrong)


def fragments():
    """(where, name of the file, text) for each piece of a configuration file that a document shows."""
    for page, begin, name in (
            ("man/mxpace.conf.5", r"[a-z_]+ *= ", "mxpace.conf"),
            ("man/bounce-rules.5", r"(?:// .*\n)?(?:provider|status_text|text|code) = \(", "bounce-rules.local.conf")):
        for block in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", read(page), re.S | re.M):
            if re.match(begin, block):
                yield page, name, block.replace("\\e", "\\")
    yield "INSTALL", "mxpace.conf", "".join(re.findall(r"^ {6}\| ([a-z_]+ *= .*\n)", read("INSTALL"), re.M))


def needs(text):
    """What a piece takes as given: the sending IPs of its pools."""
    names = sorted(set(re.findall(r'"(\d+\.\d+\.\d+\.\d+)"', text)))
    if "pools" in text and "sending_ips" not in text:
        return "sending_ips = ( %s );\n" % ", ".join('{ name = "%s"; }' % name for name in names)
    return ""


def fragment(where, name, text):
    base = dict(BASE)
    if name != "mxpace.conf":
        base["bounce_rules_local"] = '"%s"' % name
    with tempfile.TemporaryDirectory(prefix="mxpace-examples-") as folder:
        os.mkdir(folder + "/state")
        ours = text.replace(ETC + "verp.key", folder + "/verp.key") + needs(text) if name == "mxpace.conf" else ""
        conf = ours + "".join("%s = %s;\n" % row for row in base.items()
                              if not re.search(r"^%s\s*=" % row[0], ours, re.M))
        for file, content in {**FEW, name: text, "mxpace.conf": conf}.items():
            with open(os.path.join(folder, file), "w", encoding="utf-8") as f:
                f.write(content)
        run(folder, "verp", "key", folder + "/verp.key")
        result = run(folder, "rules", "check")
        keys = ", ".join(re.findall(r"^([a-z_]+) *=", text, re.M))
        none("%s: what it shows of %s has no mistake (%s)" % (where, name, keys),
             (result.stdout + result.stderr).splitlines() if result.returncode else [])


def main():
    if not os.path.exists(MXCTL):
        skip("the examples of %s" % PAGE, "%s is not built" % os.path.relpath(MXCTL, TREE))
        return
    page = read(PAGE)
    found = dict(sections(page))
    none("every example is there", [title for title in SAYS if title not in found])
    for title in SAYS:
        if title in found:
            example(title, found[title])
    levels(page)
    pieces = list(fragments())
    report({"mxpace.conf", "bounce-rules.local.conf"} == {name for _, name, _ in pieces} and len(pieces) > 5,
           "the pieces of configuration files can be read")
    for piece in pieces:
        fragment(*piece)


main()
done()
