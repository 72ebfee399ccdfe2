#!/usr/bin/python3
"""Documents say what the code says: keys and defaults, Redis keys, options, commands, metrics, make targets, versions. Lines in
the log are in log.py."""
import os
import re
import time

from _tap import SOURCES, c_files, done, exists, files, none, read, report

# Each table of configuration keys and the page (and sample file) that describes it. A new table is a new row.
TABLES = {
    ("lib/settings.c", "keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings_sending.c", "sending_ip_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_sending.c", "pool_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_guard.c", "guard_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings_warmup.c", "policy_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings_warmup.c", "plan_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_warmup.c", "stage_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_address.c", "address_rule_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_mail.c", "mail_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings_mail.c", "owner_keys"): ("man/mxpace.conf.5", None),
    ("lib/settings_reputation.c", "reputation_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings.c", "policy_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/settings.c", "rule_keys"): ("man/mxpace.conf.5", "conf/mxpace.conf"),
    ("lib/mx_rules_rule.c", "rule_keys"): ("man/mx-rules.5", None),
    ("lib/mx_rules_rule.c", "backoff_keys"): ("man/mx-rules.5", None),
    ("lib/mx_rules_load.c", "head_keys"): ("man/mx-rules.5", None),
    ("bounce-pipe/bounce_rules_rule.c", "keys"): ("man/bounce-rules.5", None),
}
PAGES = ("man/mxpolicyd.8", "man/mxbounce.8", "man/mxctl.1", "man/mxpace.conf.5", "man/mx-rules.5",
         "man/bounce-rules.5", "man/mxpace-redis.7")
TEXTS = ("README.md", "HACKING.md", "INSTALL", "tests/README.md")
# The step of INSTALL that the complaints of a file lead to.
STEPS = {"ctl/doctor_redis.c": "Redis", "ctl/doctor_bounce.c": "Returned mail"}
# Targets that make help need not name: parts of others.
INNER_TARGETS = {"help", "files", "tests", "fuzzers", "FORCE"}

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
TABLE = re.compile(r"struct conf_key (\w+)\[\] = \{\n(.*?)\n\};", re.S)
ROW = re.compile(r'\{ "(\w+)", (CONF_\w+), (?:AT\(\w+\)|0), (NULL|"(?:[^"\\]|\\.)*")', re.S)
# bounce_rules writes its rows by macros and has no defaults.
SHORT_ROW = re.compile(r'(?:KEY|WORDS)\("(\w+)"|\.name = "(\w+)"')


# -- mdoc ----------------------------------------------------------------------------------------

def plain(text):
    """The words of a piece of mdoc, macros taken off, quoted where a macro quotes."""
    lines = []
    for line in text.splitlines():
        if line.startswith("."):
            words = [word for word in line[1:].split() if not re.fullmatch(r"[A-Z][a-z]|Brq|Brac", word)
                     or word in ("No", "Of")]
            line = " ".join(word for word in words if word not in ("No", "Of"))
        lines.append(line)
    return re.sub(r"\\+&", "", " ".join(lines).replace("\\(dq", '"')).replace("\\e", "\\")


def entries(page):
    """name: its text, for each name that an .It of a list shows."""
    found = {}
    blocks = re.split(r"^\.It\b", read(page), flags=re.M)[1:]
    for block in blocks:
        head, _, body = block.partition("\n")
        for name in re.findall(r"(?:Cm|Li|Fl|Va) (-?[\w-]+)", head):
            found.setdefault(name, "")
            found[name] += "\n" + body
    return found


# -- configuration keys --------------------------------------------------------------------------

def tables():
    for path in c_files(SOURCES):
        if path.endswith(".c"):
            for name, body in TABLE.findall(read(path)):
                yield path, name, body


def rows(body):
    found = [(name, kind, None if default == "NULL" else default[1:-1]) for name, kind, default in ROW.findall(body)]
    return found or [(a or b, "", None) for a, b in SHORT_ROW.findall(body)]


def default_is_told(kind, default, text):
    """Whether the text says "default" close to the value, before or behind it."""
    text = re.sub(r"\s+", " ", plain(text))
    if not default or kind == "CONF_CUSTOM":
        return True  # nothing, unless it is given
    values = default.split() if kind == "CONF_STRINGS" else [default]
    return all(re.search(r"[Dd]efault.{0,120}?(?<!\w)%s(?!\w)|(?<!\w)%s(?!\w).{0,20}default" % (2 * (re.escape(v),)), text)
               for v in values)


def sample_values(sample, key):
    """What the sample file gives a key, as the text of a default, in each group that has one of that name."""
    found = []
    for value in re.findall(r"^[ \t]*%s\s*=\s*(.*?);\s*(?://.*)?$" % key, sample, re.M):
        strings = STRING.findall(value)
        if value.startswith(("{", "(")):
            found.append("")
        else:
            found.append(" ".join(strings) if strings or value.startswith(("[", '"')) else value)
    return found


def configuration():
    seen = set()
    for path, name, body in tables():
        seen.add((path, name))
        if (path, name) not in TABLES:
            report(False, "%s: the table %s is documented somewhere" % (path, name))
            continue
        page, sample = TABLES[path, name]
        if not exists(page):
            report(False, "%s describes %s of %s" % (page, name, path), ["there is no such page"])
            continue
        told = entries(page)
        keys = rows(body)
        report(bool(keys), "%s: the table %s can be read" % (path, name))
        none("%s names every key of %s in %s" % (page, name, path), [key for key, _, _ in keys if key not in told])
        none("%s gives the defaults of %s in %s" % (page, name, path),
             ["%s: \"%s\"" % (key, default) for key, kind, default in keys
              if key in told and not default_is_told(kind, default, told[key])])
        if sample is None:
            continue
        if not exists(sample):
            report(False, "%s shows %s of %s" % (sample, name, path), ["there is no such file"])
            continue
        text = read(sample)
        none("%s shows every key of %s in %s" % (sample, name, path),
             [key for key, _, _ in keys if not re.search(r"(^|[{;])[ \t]*%s\s*=" % key, text, re.M)])
        none("%s shows the defaults of %s in %s" % (sample, name, path),
             ["%s: %r instead of %r" % (key, sample_values(text, key), default) for key, kind, default in keys
              if default is not None and kind != "CONF_CUSTOM" and default not in (sample_values(text, key) or [default])])
    none("every table of keys that is documented exists", ["%s: %s" % row for row in set(TABLES) - seen])


def quarantine():
    """The table of design section 3: in the code, on the page, in the sample."""
    reasons = re.findall(r'\[REASON_\w+\] = "(\w+)"', read("lib/reason.c"))
    code = {reason: ("0", "never") for reason in reasons}
    for name, errors, days in re.findall(r"\[REASON_(\w+)\] = \{ \.errors = (\d+)(?:, \.release_ms = (\d+) \* DAY_MS)? \}",
                                         read("lib/quarantine.c")):
        code[name.lower()] = (errors, days + "d" if days else "never")
    page = {name: (errors, release) for name, errors, release in
            re.findall(r"^\.It Cm (\w+) Ta (\d+) Ta (\w+)", read("man/mxpace.conf.5"), re.M)}
    sample = {name: (errors, release) for name, errors, release in
              re.findall(r'(\w+)\s*=\s*\{ errors = (\d+); release = "(\w+)"; \}', read("conf/mxpace.conf"))}
    none("man/mxpace.conf.5 has the quarantine table",
         ["%s: %s instead of %s" % (reason, page.get(reason), code[reason]) for reason in reasons
          if page.get(reason) != code[reason]])
    none("conf/mxpace.conf has the quarantine table",
         ["%s: %s instead of %s" % (name, values, code.get(name)) for name, values in sample.items()
          if code.get(name) != values] + ([] if sample else ["it shows none"]))


# -- the rest ------------------------------------------------------------------------------------

def redis():
    page = read("man/mxpace-redis.7")
    keys = re.findall(r"^ \*   (mxpace:\S+)", read("lib/keys.h"), re.M)
    fields = re.findall(r'^\t\{ "(\w+)", FIELD_', read("lib/quarantine.c"), re.M)
    made = set(re.findall(r'"(mxpace:[^"]*)"', read("lib/keys.h") + read("lib/keys.c")))
    report(len(keys) > 5 and len(fields) > 5, "lib/keys.h and lib/quarantine.c can be read")
    none("man/mxpace-redis.7 names every key of lib/keys.h", [key for key in keys if ".It Li " + key not in page])
    none("man/mxpace-redis.7 names every field of an entry",
         [field for field in fields if not re.search(r"^\.It Li (.*\s)?%s\b" % field, page, re.M)])
    heartbeat = re.findall(r'^\t\t\{ "(\w+)", ', read("policyd/engine.c"), re.M)
    report(len(heartbeat) > 5, "policyd/engine.c can be read")
    none("man/mxpace-redis.7 names every field of a node",
         [field for field in heartbeat if not re.search(r"^\.It Li (.*\s)?%s\b" % field, page, re.M)])
    none("lib/keys.h draws every key that is made",
         [key for key in sorted(made) if not any(drawn.startswith(key.rstrip("{")) for drawn in keys)])
    elsewhere = ["%s: %s" % (path, text) for path in c_files(SOURCES) if path not in ("lib/keys.h", "lib/keys.c")
                 for text in re.findall(r'"mxpace:[\w{:]+"', read(path))]
    none("keys are named in lib/keys alone", elsewhere)


def rights():
    """The Redis user that the documents have made may run what the scripts and the programs run, no more."""
    used = {"EVAL", "EVALSHA"}
    for path in files():
        if re.fullmatch(r"lib/lua/.*\.lua", path):
            used |= set(re.findall(r"redis\.p?call\('(\w+)'", read(path)))
    for path in c_files(SOURCES):
        for call in (r'STORE_PUT\(\s*[^,;"]+,\s*[^,;"]+,\s*[^,;"]+,\s*"([A-Z]+)"',
                     r'store_batch_begin\([^;]*;\s*store_batch_arg(?:_text)?\([^,]+,\s*(?:SPAN\()?"([A-Z]+)"',
                     r'redis(?:Async)?Command(?:Argv)?\([^;"]*"([A-Z]+)'):
            used |= set(re.findall(call, read(path)))
    report(len(used) > 30, "the commands to Redis can be read")
    for page, begin in (("man/mxpace-redis.7", "user mxpace on"), ("INSTALL", "ACL SETUSER mxpace on")):
        line = re.search(begin + r"[^\n]*\n(?: +'?\+.*\n)+", read(page)).group(0)
        may = {right.split("|")[0].upper() for right in re.findall(r"\+([a-z|]+)", line)}
        none("%s: the rights of the Redis user are those that are used" % page, sorted(used ^ may))
    looked = re.search(r"rights\[\] = \{(.*?)\};", read("ctl/doctor_redis.c"), re.S).group(1)
    none("ctl/doctor_redis.c looks at every right of the Redis user",
         sorted(used ^ {right.split("|")[0].upper() for right in STRING.findall(looked)}))


def options(page, letters, words):
    """Each option in the page's list."""
    text = read(page)
    none("%s names every option" % page,
         ["-" + letter for letter in letters if not re.search(r"^\.It Fl %s\b" % letter, text, re.M)] +
         ["--" + word for word in words if not re.search(r"^\.It (.* )?Fl -%s\b" % word, text, re.M)])


def programs():
    letters = re.search(r'getopt\(argc, argv, "([^"]+)"', read("policyd/main.c"))
    report(letters is not None, "policyd/main.c can be read")
    if letters:
        options("man/mxpolicyd.8", letters.group(1).replace(":", ""), [])
    words = re.findall(r'\{ "([\w-]+)", (?:no|required)_argument', read("bounce-pipe/main.c"))
    report(bool(words), "bounce-pipe/main.c can be read")
    options("man/mxbounce.8", "", words)
    command = read("ctl/command.c")
    words = re.findall(r'= \{ "--([\w-]+)"', command)
    commands = re.findall(r'^\t\{ "(\w+)", (?:"(\w+)"|NULL), ', command, re.M)
    report(bool(words and commands), "ctl/command.c can be read")
    options("man/mxctl.1", "", words)
    page = read("man/mxctl.1")
    none("man/mxctl.1 names every command",
         [" ".join(filter(None, names)) for names in commands
          if not re.search(r"^\.It Cm %s\b" % " ".join(filter(None, names)), page, re.M)])


def metrics():
    page = read("man/mxpolicyd.8")
    source = "".join(read(path) for path in c_files(("policyd",)) if "metrics" in path)
    names = set(re.findall(r'# TYPE (mxpace_\w+)|"((?:mxpace|process)_\w+)"', source))
    names = {a or b for a, b in names}
    report(len(names) > 50, "policyd/metrics*.c can be read")
    told = set(re.findall(r"^\.It Li ((?:mxpace|process)_\w+)", page, re.M))
    none("man/mxpolicyd.8 names every metric", sorted(names - told))
    none("man/mxpolicyd.8 names no metric that is none", sorted(told - names))
    parts = re.split(r"^\.It Li mxpace_(\w+)", page, flags=re.M)
    texts = dict(zip(parts[1::2], parts[2::2]))
    for source, prefix, metric in (("policyd/decide.c", "VERDICT", "decisions_total"),
                                   ("policyd/route_decide.c", "ROUTE", "routes_total")):
        reasons = {(reason, verdict.lower()) for reason, verdict
                   in re.findall(r'= \{ "(\w+)", %s_(\w+) \}' % prefix, read(source)) if reason != "none"}
        report(len(reasons) > 5, "%s can be read" % source)
        none("man/mxpolicyd.8 has the reasons of mxpace_%s with their verdicts, and no other" % metric,
             sorted(" ".join(row) for row in reasons ^ set(re.findall(r"^\.It (\w+) Ta (\w+)", texts[metric], re.M))))


def make():
    text = read("Makefile")
    phony = set(" ".join(re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", text, re.M)).replace("\\", " ").split())
    rules = set(re.findall(r"^([a-z][\w-]*):", text, re.M))
    told = set(re.findall(r"^## make ([\w-]+)", text, re.M)) | {"all"}
    none("every .PHONY target has a rule", sorted(phony - rules))
    none("make help names every target", sorted((phony | {r for r in rules if "/" not in r}) - told - INNER_TARGETS - {"clean"}))
    none("make help names no target that is none", sorted(told - rules))
    named = {(path, target) for path in TEXTS for line in re.findall(r"^(?: {4}|`*)make .*|[`\"]make [^`\"\n]*", read(path), re.M)
             for target in re.findall(r"make(?: -\S+)*((?: [a-z][\w-]*)*)", line.partition("#")[0])[0].split()}
    report(len(named) > 5, "the make targets of README and the others can be read")
    none("README and the others name no make target that is none",
         ["%s: make %s" % row for row in sorted(named) if row[1] not in told | rules])


def steps():
    """INSTALL has ten steps, and the doctor sends its readers to the right ones."""
    titles = dict(re.findall(r"^(\d+)\. (.*)", read("INSTALL"), re.M))
    none("INSTALL has the steps 1 to 10", sorted(set(titles) ^ {str(n) for n in range(1, 11)}))
    sent = [(path, step) for path in c_files(("ctl",)) for step in re.findall(r"INSTALL, step (\d+)", read(path))]
    report(len(sent) > 1, "the steps that the doctor names can be read")
    none("the doctor names the step that it is about",
         ["%s: step %s" % row for row in sent if titles.get(row[1]) != STEPS.get(row[0])])


def versions():
    """One version: the Makefile's. The other two places say the same, and the same day."""
    version = re.search(r"^VERSION\s*:=\s*(\S+)", read("Makefile"), re.M)[1]
    package, written = re.search(r"^\w+ \((.*?)\).*?^ -- .*>  \w+, (\d+ \w+ \d+)", read("debian/changelog"), re.M | re.S).groups()
    day = time.strftime("%Y-%m-%d", time.strptime(written, "%d %b %Y"))
    newest = re.search(r"^(\d\S*) \((\S+)\)$", read("CHANGELOG"), re.M)
    none("one version in Makefile, debian/changelog and CHANGELOG",
         [] if (package, newest.groups()) == (version, (version, day)) else
         ["%s, %s of %s, %s of %s" % (version, package, day, *newest.groups())])


def pages():
    none("every manual page is there", [page for page in PAGES if not exists(page)])
    known = {os.path.basename(page).rsplit(".", 1)[0] + " " + page[-1] for page in PAGES}
    own = re.compile(r"^\.Xr ((?:mx|bounce-rules)[\w.-]*) (\d)", re.M)
    problems = ["%s: .Xr %s" % (page, " ".join(link)) for page in PAGES if exists(page)
                for link in own.findall(read(page)) if " ".join(link) not in known]
    none("manual pages refer to pages that are there", problems)


pages()
configuration()
for check in (quarantine, redis, rights, programs, metrics, make, steps, versions):
    try:
        check()
    except FileNotFoundError as error:
        report(False, "%s: %s is there" % (check.__name__, error.filename))
done()
