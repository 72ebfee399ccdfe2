#!/usr/bin/python3
"""Measures mxpolicyd beside redis-benchmark of the very same script on the same keys.

A private world in a network namespace of its own: redis-server on a unix socket, dnsmasq with the
MX records of the benchmark's domains, mxpolicyd with limits so high that everything is granted.
policyload asks mxpolicyd over 1 to 1000 connections; redis-benchmark sends the EVALSHA that
mxpolicyd itself was seen to send. The two take turns, round after round, and medians are compared,
so that a busy or throttled machine hits both alike.

A decision is one request at RCPT of a message of its own, the only one that asks Redis. No
END-OF-MESSAGE follows in what is compared, so that mxpolicyd soon remembers as many transactions
as it ever does, which costs it the most. What a message takes of which END-OF-MESSAGE is asked
too, as by a Postfix set up like postfix-examples, is told beside it.

Over one connection most of a decision is other than mxpolicyd: another process to wake, twice, than
for a bare EVALSHA, and six more system calls. So there one client asks Redis, mxpolicyd, and a relay
that only passes bytes on and decides nothing, in short turns one after the other. The relay goes to
sleep while it waits; mxpolicyd does not (policyd/event_loop.h).

A measurement, not a test: claims that are not met are printed, and the exit code is 0 all the same;
it is 1 when the measurement could not be made.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time

from world import DOMAINS, SUFFIX, BenchError, Resp, World, die_with_parent

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEVELS = (1, 16, 64, 256, 1000)
TURNS = 5           # of a client on its own, in each round...
TURN_MS = 100       # ... and the length of each
MESSAGE_LEVEL = 64  # connections where END-OF-MESSAGE is asked as well
ADDRESSES = 10000
BASELINE_CLIENTS = 50
SAMPLE = 40         # requests from which the script's arguments are learnt
SAMPLE_S = 5        # at most, to see them
ANSWER_MS = 10000   # for one answer
SPARE_S = 30        # for a run, over its nominal time

# ---------------------------------------------------------------- the script, as Redis sees it

def monitor_words(line):
    """The words of a command in a line of MONITOR, as bytes."""
    escapes = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}

    def unescape(match):
        text = match.group(1)
        return bytes([int(text[1:], 16)]) if len(text) == 3 else escapes.get(text, text)
    return [re.sub(rb"\\(x[0-9a-f]{2}|.)", unescape, word)
            for word in re.findall(rb'"((?:[^"\\]|\\.)*)"', line)]


def seen_commands(world, policyload):
    """The commands clients send to Redis while mxpolicyd decides a few requests."""
    monitor = Resp(world.redis_socket)
    monitor.ask("MONITOR")
    policyload(connections=1, requests=SAMPLE)
    last = Resp(world.redis_socket)
    last.ask("ECHO", "end-of-bench-sample")
    last.close()
    commands = []
    until = time.monotonic() + SAMPLE_S
    while time.monotonic() < until:
        line = monitor.receive()
        words = monitor_words(line)
        if words[-1:] == [b"end-of-bench-sample"]:
            break
        if not re.match(rb"\S+ \[\d+ lua\]", line):
            commands.append(words)
    monitor.close()
    return commands


def one_argument(values):
    """One argument of the baseline's command, for those that were seen in its place."""
    counted = collections.Counter(values)
    if len(counted) < len(values):
        return counted.most_common(1)[0][0]
    head = os.path.commonprefix(values)
    tail = os.path.commonprefix([value[len(head):][::-1] for value in values])[::-1]
    return head + b"__rand_int__" + tail


def learn_commands(world, policyload):
    """What mxpolicyd sends for a decision: the EVALSHA, as arguments for redis-benchmark, in which an
    argument that is another one each time (a message's name) became a random number; and all of it,
    of one decision, as it was seen.
    """
    script = ROOT / "build/release/gen/lua/take.lua"
    sha = hashlib.sha1(script.read_bytes()).hexdigest().encode()
    commands = seen_commands(world, policyload)
    calls = [words for words in commands if words[0].upper() == b"EVALSHA" and words[1] == sha]
    if len(calls) < SAMPLE or len({len(words) for words in calls}) != 1:
        raise BenchError(f"{SAMPLE} requests made {len(calls)} calls of {script.name} ({sha}); "
                         "the baseline cannot be learnt from them")
    ends = [at for at, words in enumerate(commands) if words in calls][-2:]
    return [one_argument(values) for values in zip(*calls)], commands[ends[0] + 1:ends[1] + 1]


def on_the_wire(commands):
    return b"".join(b"*%d\r\n" % len(words) +
                    b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
                    for words in commands)


def check_granted(resp, command):
    """The baseline must do what mxpolicyd's calls do: take, and be granted."""
    reply = resp.ask(*[word.replace(b"__rand_int__", b"000000000000") for word in command])
    if not isinstance(reply, int):  # take.lua: granted, the time
        raise BenchError(f"the baseline's EVALSHA is not granted: {reply}")


# ---------------------------------------------------------------- measuring

def run(command, seconds):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=seconds, preexec_fn=die_with_parent)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]}: not done within {seconds} s") from None
    errors = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0 or "rror" in errors:
        raise BenchError(f"{command[0]}: status {done.returncode}: {errors}")
    return done.stdout.decode()


@dataclasses.dataclass
class Policyload:
    """Asks mxpolicyd; called, it gives policyload's figures."""
    program: str
    target: str

    def __call__(self, connections, requests=None, run_ms=None, ends=False):
        bound = ["-n", str(requests)] if requests else ["-t", str(run_ms)]
        figures = json.loads(run(
            [self.program, "-c", str(connections), *bound, *(["-e"] if ends else []), "-a", str(ADDRESSES), "-d", str(DOMAINS),
             "-s", SUFFIX, "-w", str(ANSWER_MS), self.target],
            (run_ms or 0) / 1000 + ANSWER_MS / 1000 + SPARE_S))
        if set(figures["answers"]) != {"DUNNO"}:
            raise BenchError("mxpolicyd did not grant every request, so the figures would mean "
                             f"little: {figures['answers']}")
        return figures


class OneClient:
    """The same client on its own, at Redis, at mxpolicyd and at the relay, turn by turn."""

    def __init__(self, world, policyload, relay, commands):
        bare = world.write("bare.resp", on_the_wire(commands[-1:]))
        all_of_it = world.write("decision.resp", on_the_wire(commands))
        at = world.folder / "relay.sock"
        world.start(relay, at, world.redis_socket, all_of_it, until="ready")
        self.legs = {
            "bare": [policyload.program, "-x", bare, "unix:" + world.redis_socket],
            "decision": [policyload.program, "-a", str(ADDRESSES), "-d", str(DOMAINS), "-s", SUFFIX,
                         policyload.target],
            "relay": [policyload.program, "unix:" + str(at)],
        }
        self.turns = []

    def take_turn(self):
        times = {}
        for name, (program, *words) in self.legs.items():
            figures = json.loads(run([program, "-t", str(TURN_MS), *words], SPARE_S))
            times[name] = figures["p50_us"]
        self.turns.append(times)


class Baseline:
    """Sends one command with redis-benchmark; called, it gives its figures."""

    def __init__(self, redis_socket, command):
        self.redis_socket = redis_socket
        self.command = command
        self.rate = {}

    def __call__(self, clients, run_ms):
        requests = max(2000, int(self.rate.get(clients, 10000) * run_ms / 1000))
        out = run(["redis-benchmark", "-s", self.redis_socket, "-c", str(clients), "-P", "1",
                   "-n", str(requests), "-r", "1000000000", "--csv", *self.command],
                  run_ms / 1000 + SPARE_S)
        values = [float(value.strip('"')) for value in out.strip().rsplit(",", 7)[1:]]
        rate, mean, _, p50, _, p99, longest = values
        self.rate[clients] = rate
        return {"requests": requests, "per_second": rate, "mean_us": mean * 1000,
                "p50_us": p50 * 1000, "p99_us": p99 * 1000, "max_us": longest * 1000}


def command_stats(resp):
    """Per command: calls, and microseconds of Redis spent in them."""
    stats = {}
    for line in resp.ask("INFO", "commandstats").decode().splitlines():
        match = re.match(r"cmdstat_([^:]+):calls=(\d+),usec=(\d+)", line)
        if match:
            stats[match.group(1)] = (int(match.group(2)), int(match.group(3)))
    return stats


def stats_per_decision(before, after, decisions):
    """The commands there was at least one of in ten decisions."""
    rows = {}
    for name, (calls, usec) in after.items():
        calls -= before.get(name, (0, 0))[0]
        usec -= before.get(name, (0, 0))[1]
        if calls >= decisions / 10:
            rows[name] = {"calls": calls / decisions, "us_per_call": usec / calls}
    return rows


def measure_level(world, policyload, connections, run_ms, ends=False):
    mxpolicyd, redis = world.mxpolicyd.cpu_ns(), world.redis.cpu_ns()
    figures = policyload(connections, run_ms=run_ms, ends=ends)
    world.mxpolicyd.check()
    world.redis.check()
    decisions = figures["requests"]
    figures["mxpolicyd_cpu_us"] = (world.mxpolicyd.cpu_ns() - mxpolicyd) / 1000 / decisions
    figures["redis_cpu_us"] = (world.redis.cpu_ns() - redis) / 1000 / decisions
    figures["policyload_cpu_us"] = figures.pop("own_cpu_us") / decisions
    return figures


def measure(world, policyload, options):
    """Rounds over all levels; in each, mxpolicyd and then the baseline."""
    policyload(64, run_ms=options.run_ms)
    command, decision = learn_commands(world, policyload)
    resp = Resp(world.redis_socket)
    check_granted(resp, command)
    baseline = Baseline(world.redis_socket, command)
    for clients in (1, BASELINE_CLIENTS):
        baseline(clients, 300)
    one = OneClient(world, policyload, options.relay, decision)
    runs = {connections: [] for connections in LEVELS}
    messages = []
    for number in range(options.rounds):
        for connections in LEVELS:
            progress(f"round {number + 1} of {options.rounds}, {connections} connections")
            before = command_stats(resp)
            figures = measure_level(world, policyload, connections, options.run_ms)
            figures["redis_commands"] = stats_per_decision(before, command_stats(resp),
                                                           figures["requests"])
            clients = 1 if connections == 1 else BASELINE_CLIENTS
            redis = world.redis.cpu_ns()
            bare = figures["baseline"] = baseline(clients, options.run_ms)
            bare["redis_cpu_us"] = (world.redis.cpu_ns() - redis) / 1000 / bare["requests"]
            runs[connections].append(figures)
        messages.append(measure_level(world, policyload, MESSAGE_LEVEL, options.run_ms, ends=True))
        for _ in range(TURNS):
            one.take_turn()
    progress("")
    check_granted(resp, command)
    resp.close()
    return command, runs, messages, one.turns


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- telling

def summarise(connections, runs):
    """The medians of a level's runs; what only the worst run tells, from that."""
    def median(key, of=runs):
        return statistics.median(figures[key] for figures in of)
    baselines = [figures["baseline"] for figures in runs]
    ratios = [figures["per_second"] / figures["baseline"]["per_second"] for figures in runs]
    shares = [figures["min_per_connection"] * connections / figures["requests"] for figures in runs]
    row = {key: median(key) for key in (
        "per_second", "mean_us", "p50_us", "p90_us", "p99_us", "p999_us", "mxpolicyd_cpu_us",
        "redis_cpu_us", "policyload_cpu_us", "min_per_connection", "max_per_connection")}
    row.update(
        connections=connections, max_us=max(figures["max_us"] for figures in runs),
        ratio=statistics.median(ratios), ratio_lowest=min(ratios), ratio_highest=max(ratios),
        lowest_share=min(shares),
        baseline={key: median(key, baselines) for key in baselines[0]},
        redis_commands=runs[-1]["redis_commands"], runs=runs)
    return row


def ratios(turns, over, under):
    """Of the medians of each turn: the quartiles."""
    return statistics.quantiles((turn[over] / turn[under] for turn in turns), n=4)


def claims_of(rows, turns):
    """(claim, measured, met) for each figure that is promised."""
    def row(connections):
        return next(row for row in rows if row["connections"] == connections)
    for connections in (16, 64):
        ratio = row(connections)["ratio"]
        yield (f"throughput at {connections} connections >= 0.9 x redis-benchmark -c 50",
               f"{ratio:.2f} x", ratio >= 0.9)
    p99 = row(64)["p99_us"]
    yield "p99 at 64 connections < 2 ms", f"{p99 / 1000:.2f} ms", p99 < 2000
    share = row(1000)["lowest_share"]
    yield ("none of 1000 connections starved (each got at least half its share, in every run)",
           f"least {100 * share:.0f} % of its share", share >= 0.5)
    worst = max(rows[1:], key=lambda row: row["mxpolicyd_cpu_us"])
    yield ("at most 10 us CPU of mxpolicyd a decision, at 16 connections and more",
           f"{worst['mxpolicyd_cpu_us']:.1f} us (at {worst['connections']}; over one connection, "
           f"where it stays awake for Redis, {row(1)['mxpolicyd_cpu_us']:.1f} us)",
           worst["mxpolicyd_cpu_us"] <= 10)
    _, bare, _ = ratios(turns, "decision", "bare")
    _, least, _ = ratios(turns, "relay", "bare")
    yield ("one connection: a decision <= 1.4 x the bare EVALSHA round trip (median to median)",
           f"{bare:.3f} x (a relay that decides nothing: {least:.3f} x)", bare <= 1.4)


def print_table(rows):
    head = ("conns", "decisions/s", "redis-b./s", "ratio", "p50 us", "p99 us", "max us",
            "per conn min-max", "mxpolicyd us", "redis us", "load us")
    form = "{:>5} {:>11} {:>10} {:>16} {:>8} {:>8} {:>8} {:>16} {:>12} {:>8} {:>7}"
    print(form.format(*head))
    for row in rows:
        print(form.format(
            row["connections"], f"{row['per_second']:.0f}", f"{row['baseline']['per_second']:.0f}",
            f"{row['ratio']:.2f} ({row['ratio_lowest']:.2f}-{row['ratio_highest']:.2f})",
            f"{row['p50_us']:.0f}", f"{row['p99_us']:.0f}", f"{row['max_us']:.0f}",
            f"{row['min_per_connection']:.0f}-{row['max_per_connection']:.0f}",
            f"{row['mxpolicyd_cpu_us']:.1f}", f"{row['redis_cpu_us']:.1f}",
            f"{row['policyload_cpu_us']:.1f}"))


def tell_messages(messages):
    rate, cpu = (statistics.median(figures[key] for figures in messages)
                 for key in ("per_second", "mxpolicyd_cpu_us"))
    print(f"a message with its END-OF-MESSAGE, over {MESSAGE_LEVEL} connections: {rate:.0f} "
          f"messages/s, CPU of mxpolicyd for both requests {cpu:.1f} us")


def tell_one(turns):
    times = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    print(f"one connection, {len(turns)} turns, medians: bare EVALSHA {times['bare']:.1f} us, relay "
          f"{times['relay']:.1f} us, decision {times['decision']:.1f} us")
    print("turn by turn: " + ", ".join(
        f"{over} / {under} " + "{1:.2f} ({0:.2f}-{2:.2f})".format(*ratios(turns, over, under))
        for over, under in (("decision", "bare"), ("relay", "bare"), ("decision", "relay"))) +
        " (in brackets: half of the turns lie between)")


def tell(command, rows, messages, turns):
    words = b" ".join(command).decode(errors="replace")
    print(f"the script, as mxpolicyd calls it: {words}\n")
    print_table(rows)
    print(f"""
(Medians of the rounds; ratio with its lowest and highest round; max: of all rounds. The last
three columns: CPU time of mxpolicyd, redis-server and policyload a decision. redis-b./s: the
same EVALSHA by redis-benchmark -P 1 -c {BASELINE_CLIENTS}; -c 1 beside one connection.)
""")
    one, many = rows[0], next(row for row in rows if row["connections"] == 64)
    tell_one(turns)
    print(f"redis-server's CPU time a bare EVALSHA: {many['baseline']['redis_cpu_us']:.1f} us, "
          f"with one client {one['baseline']['redis_cpu_us']:.1f} us")
    print("Redis' own time at 64 connections: " + ", ".join(
        f"{name} {stat['calls']:.2f} a decision, {stat['us_per_call']:.1f} us each"
        for name, stat in sorted(many["redis_commands"].items())))
    tell_messages(messages)
    print()
    for claim, measured, met in claims_of(rows, turns):
        print(f"{'met    ' if met else 'NOT MET'}  {claim}: {measured}")


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    version = run(["redis-server", "--version"], 10).split()
    return {"cpus": os.cpu_count(), "cpu": model.group(1) if model else "unknown",
            "kernel": os.uname().release, "redis": version[2] if len(version) > 2 else "unknown",
            "load_before": os.getloadavg()[0]}


# ---------------------------------------------------------------- main

def parse_options(argv):
    build = ROOT / "build/release"
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--mxpolicyd", default=build / "mxpolicyd", metavar="PROGRAM")
    parser.add_argument("--policyload", default=build / "bench/policyload",
                        metavar="PROGRAM")
    parser.add_argument("--relay", default=build / "bench/relay", metavar="PROGRAM")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--run-ms", type=int, default=500, help="length of one run")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.rounds < 1 or options.run_ms < 100:
        parser.error("at least 1 round, of at least 100 ms")
    return options


def enter_namespace(argv):
    """Starts this program again in a network namespace where port 53 of loopback is free."""
    unshare = ["unshare", "--net"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
    try:
        os.execvp("unshare", [*unshare, sys.executable, __file__, *argv, "--inside"])
    except OSError as error:
        raise BenchError(f"unshare: {error.strerror}") from None


def check_programs(options):
    for program in (options.mxpolicyd, options.policyload, options.relay):
        if not os.access(program, os.X_OK):
            raise BenchError(f"{program}: not there; build it first (make bench does)")
    for program in ("redis-server", "redis-benchmark", "dnsmasq", "ip", "unshare"):
        if shutil.which(program) is None:
            raise BenchError(f"{program}: not installed")


def bench(options):
    about = machine()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    began = time.monotonic()
    with World(options.mxpolicyd) as world:
        policyload = Policyload(options.policyload, "unix:" + world.policy_socket)
        command, runs, messages, turns = measure(world, policyload, options)
    rows = [summarise(connections, runs[connections]) for connections in LEVELS]
    print(f"mxpace bench: {about['cpus']} CPUs ({about['cpu']}), Redis {about['redis']}, "
          f"load before {about['load_before']:.2f}, {options.rounds} rounds of "
          f"{options.run_ms} ms, {time.monotonic() - began:.0f} s\n")
    tell(command, rows, messages, turns)
    if options.json:
        figures = {"machine": about, "rounds": options.rounds, "run_ms": options.run_ms,
                   "command": [word.decode(errors="replace") for word in command],
                   "levels": rows, "messages": messages, "one_client": turns,
                   "claims": [{"claim": claim, "measured": measured, "met": met}
                              for claim, measured, met in claims_of(rows, turns)]}
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")


def on_alarm(*_):
    raise BenchError("took far longer than it should")


def main(argv):
    options = parse_options(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, on_alarm)
    try:
        check_programs(options)
        if not options.inside:
            enter_namespace(argv)
        signal.alarm(60 + options.rounds * (len(LEVELS) + TURNS) * (options.run_ms * 5 // 1000 + 2))
        bench(options)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
