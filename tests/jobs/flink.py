"""Whether real Apache Flink takes the jobs of this repository, and comes to what the consumer comes to.

    python3 -m venv /tmp/flink
    /tmp/flink/bin/pip install apache-flink-libraries==2.3.0
    cargo build --release -p consumer
    /tmp/flink/bin/python tests/jobs/flink.py

Needs a JDK (17 or 21) and 1 GB on the disk; no test needs any of it. Flink works in a process of its own
for as long as a job takes, with parallelism 2. `--only NAME …` is for some jobs, `--help` for the rest.

- The queries of Nexmark run on both over the same lines: 20,000 bids that are the same each time, or
  `--bids FILE`; those that join over 20,000 persons, auctions and bids. Of a file over 32 MiB Flink
  reads pieces side by side, and so may find bids too late.
- Fixtures, and examples, run on Flink alone; `consumer test` is what proves the consumer against them.
  They run with parallelism 1, a watermark behind each row, and without lines that are to be rejected and
  rows that are to be late, for which Flink has no place. Where time is the fixture's own, only what is left
  at the end is compared; and nothing where it goes by the clock or by which of two files is read first.
- The job in README.md is only explained: it has no lines.

Exit code 1 is for a job that Flink refuses or that comes to something else there. "values" says that
both write the same values in other words: the first that differ are below the table. "end" says that both
come to the same rows by other changes: consumer/FUNCTIONS.md has "each change of a row is given". "batch"
says that Flink comes to the same in batch mode, which takes nothing back, and that its plan is known for
changes that are wrong, and "known" that the tables of a fixture differ as is known of them: the rows of
FUNCTIONS.md that say so are below the table. Seconds are of CPU in user mode; "(start)" is what Flink takes
for a job of one row.
"""

import argparse
import importlib.util
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from compare import compared, left
from differences import STREAMING, known, telling
from fixtures import Fixture
from jobs import connected, statements

ROOT = Path(__file__).resolve().parents[2]
JOBS = ROOT / "tests/jobs"
# Opened to Flink's serializers as its own scripts do.
OPENS = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.util", "java.time", "java.net")]
# A process that lives for seconds is done sooner without the second compiler.
BRIEF = ["-XX:TieredStopAtLevel=1"]
LIMIT_SECONDS = 900
# Flink looks nothing up in files; and what is late goes by which of two files it reads first.
NOT_THERE = ("q13", "join-lookup", "join-temporal")
# Queries over persons, auctions and bids.
OF_EVENTS = ("q3", "q4", "q8", "q9", "q20")
START = "(start)"


class Flink:
    """The libraries of Flink, and what starts jobs on them."""

    def __init__(self, home, folder):
        self.folder = folder
        self.classes = f"{home / 'lib'}/*"
        java = ["javac", "-cp", self.classes, "-d", folder, JOBS / "FlinkJobs.java"]
        subprocess.run(java, check=True)

    def command(self, *flags):
        """How FlinkJobs is started."""
        return ["java", "-XX:+UseSerialGC", *flags, *OPENS, "-cp", f"{self.folder}:{self.classes}", "FlinkJobs"]

    def take(self, verb, jobs, flags=()):
        """For each job how it ends and the rows it selects; what it prints, and the seconds of CPU."""
        paths = [self.folder / f"{number}.job" for number in range(len(jobs))]
        for path, job in zip(paths, jobs.values()):
            path.write_text("\0".join(job))
        asked = "".join(f"{verb} {path}\n" for path in paths)
        printed, errors, seconds, _ = timed(self.command(*flags), self.folder, f"{asked}\n")
        ends = [Path(f"{path}.out") for path in paths]
        if not all(end.exists() for end in ends):
            sys.exit(f"Flink ended early:\n{errors[-4000:]}")
        found = {name: end.read_text().splitlines() for name, end in zip(jobs, ends)}
        for end in ends:
            end.unlink()
        return found, printed, seconds


def timed(command, folder, told=""):
    """Tells it what it reads, and runs it to the end: what it says to stdout and to stderr, its seconds of CPU in user mode, its exit code."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        # Its stdin stays open for as long as this program lives: at its end FlinkJobs ends too.
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=printed, stderr=errors)
        process.stdin.write(told.encode())
        process.stdin.flush()
        limit = threading.Timer(LIMIT_SECONDS, process.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            limit.cancel()
            if process.returncode is None:
                process.kill()
                process.wait()
            process.stdin.close()
        printed.seek(0)
        errors.seek(0)
        return printed.read().decode(), errors.read().decode(), usage.ru_utime, process.returncode


def bids(count):
    """Bids in order, at times of their own, with rests, over 13 hours that begin before midnight."""
    chance = random.Random(2026)
    at = datetime(2026, 1, 1, 23, 58)
    for number in range(count):
        at += timedelta(milliseconds=chance.choice([1, 5, 10, 20, 100]))
        if number % (count // 10 + 1) == count // 10:
            at += timedelta(minutes=80)
        name = chance.choice(["Apple", "google", "Facebook", "baidu", *(f"channel-{chance.randrange(500)}" for _ in range(4))])
        url = f"https://www.example.com/{chance.choice('abc')}/{chance.choice('de')}/item.htm?query=1"
        if "-" in name and chance.random() < 0.9:
            url += "&channel_id=" + name.removeprefix("channel-")
        extra = "".join(chance.choices('abcCü"\\ ', k=chance.randrange(30)))
        yield {
            "auction": 1000 + int(chance.expovariate(1 / 150)),
            "bidder": 1000 + int(chance.expovariate(1 / 300)),
            "price": int(100 * 10 ** (6 * chance.random())),
            "channel": name,
            "url": url if chance.random() < 0.99 else None,
            "dateTime": at.isoformat(" ", "milliseconds"),
            "extra": extra if chance.random() < 0.99 else None,
        }


def events(count):
    """Persons, auctions and bids in order, at times of their own."""
    chance = random.Random(2026)
    at = datetime(2026, 1, 1, 23, 58)
    told = lambda moment: moment.isoformat(" ", "milliseconds")
    people, auctions = 0, 0
    for number in range(count):
        at += timedelta(milliseconds=chance.choice([1, 5, 10, 20, 100]))
        if number % 50 == 0:
            name, city, state = (chance.choice(words) for words in (["Ada", "Kö"], ["Bend", "Reno"], ["OR", "ID", "CA", "AZ"]))
            one = {"id": 1000 + people, "name": name, "city": city, "state": state, "dateTime": told(at)}
            people += 1
            yield {"event_type": 0, "person": one}
        elif number % 50 < 4:
            one = {"id": 1000 + auctions, "itemName": chance.choice(["cup", "hat"]), "initialBid": chance.randrange(100)}
            one |= {"reserve": chance.randrange(1000), "dateTime": told(at)}
            one |= {"expires": told(at + timedelta(milliseconds=chance.randrange(500, 20_000)))}
            one |= {"seller": 1000 + chance.randrange(max(people - 20, 0), people), "category": chance.randrange(10, 15)}
            auctions += 1
            yield {"event_type": 1, "auction": one}
        else:
            one = {"auction": 1000 + chance.randrange(max(auctions - 20, 0), auctions)}
            one |= {"bidder": 1000 + chance.randrange(people), "price": int(100 * 10 ** (6 * chance.random()))}
            yield {"event_type": 2, "bid": one | {"channel": chance.choice(["Apple", "baidu"]), "dateTime": told(at)}}


class Nexmark:
    """A query over a file of bids or of all events, on both."""

    def __init__(self, path, files):
        self.name = path.stem
        self.table = "event" if path.stem in OF_EVENTS else "bid"
        self.text = (path.parent / f"{self.table}.sql").read_text() + path.read_text()
        self.lines = files[self.table]

    def placed(self, folder, results):
        """The job with the paths of this machine."""
        paths = {self.table: self.lines, "results": folder / results}
        placed = lambda table, own: own | ({"path": paths[table]} if "path" in own else {})
        return [connected(one, placed) for one in statements(self.text)]

    def statements(self, folder, results):
        """The job for Flink, which gives what is printed as the rows of a SELECT."""
        job = ["SET 'parallelism.default' = '2'", *self.placed(folder, results)]
        select = job[-1][job[-1].index("SELECT") :]
        if self.name == "q12":
            # What is open by the clock on the wall at the end of a table Flink never gives: so it has no end.
            watched = lambda _, own: own | {"source.monitor-interval": "1s"}
            count = self.lines.read_bytes().count(b"\n")
            return [job[0], connected(job[1], watched), f"SET 'enough' = {count}", select]
        if "'print'" not in self.text:
            return job
        return [one for one in job[:-1] if not one.startswith("CREATE TABLE results")] + [select]

    def check(self, flink, consumer, folder):
        """Whether they come to the same, what differs, and the seconds of CPU of each."""
        folder = folder / self.name
        folder.mkdir()
        ends, _, theirs = flink.take("run", {self.name: self.statements(folder, "flink")})
        end, *selected = ends[self.name]
        if end != "done":
            return "NO", [f"Flink:    {end}"], theirs, 0
        job = ";\n".join(self.placed(folder, "ours")) if self.name != "q12" else self.q12(folder)
        (folder / "job.sql").write_text(job)
        printed, errors, ours, code = timed([consumer, "run", "job.sql", "--parallelism", "2"], folder)
        if code:
            return "NO", [f"consumer: {errors.strip().splitlines()[-1]}"], theirs, ours
        theirs_rows = written(folder / "flink") if not selected else left(selected)
        ours_rows = left(printed.splitlines()) if printed else written(folder / "ours")
        if self.name == "q12":
            theirs_rows, ours_rows = totals(theirs_rows), totals(ours_rows)
        same, differs = compared(theirs_rows, ours_rows)
        if same == "NO" and selected:
            same, differs = self.blamed(flink, ours_rows, differs)
        return same, differs, theirs, ours

    def blamed(self, flink, ours, differs):
        """Whether Flink comes to the same where it takes nothing back, and its plan is known for that."""
        asked = lambda verb: flink.take(verb, {self.name: self.statements(flink.folder, "none")})[0][self.name]
        end, *rows = asked("batch")
        if end != "done" or compared(left(rows), ours)[0] == "NO":
            return "NO", differs
        row = known(STREAMING, telling(asked("plan")))
        return ("batch", [row]) if row else ("NO", [*differs, "in batch mode Flink comes to what the consumer does"])

    def q12(self, folder):
        """The consumer gives what is open at the end too, so it takes the job as it is."""
        first, *rest = statements(self.text)
        first = connected(first, lambda _, own: own | {"path": self.lines})
        return ";\n".join([first, rest[-1][rest[-1].index("SELECT") :]])


def written(folder):
    """The lines of all files in a folder."""
    parts = [part for part in folder.rglob("*") if part.is_file()]
    return Counter(line for part in parts for line in part.read_text().splitlines())


def totals(rows):
    """How many each bidder has made, over all windows."""
    found = Counter()
    for row in rows.elements():
        bidder, count, *_ = row[3:-1].split(", ")
        found[bidder] += int(count)
    return Counter({f"+I[{bidder}, {count}]": 1 for bidder, count in found.items()})


def readme(text):
    """The jobs in README.md, with made-up rows for those of a producer."""
    made_up = lambda _, own: {"connector": "datagen"} if own["connector"] == "brooklet" else own
    for number, job in enumerate(re.findall(r"```sql\n(.*?)```", text, re.DOTALL), 1):
        yield f"README {number}", [connected(one, made_up) for one in statements(job)]


def home():
    """Where pip has put the libraries of Flink."""
    found = importlib.util.find_spec("pyflink")
    return Path(found.origin or next(iter(found.submodule_search_locations))) if found else None


def options():
    """What this program is asked to do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flink", type=Path, default=home(), help="the folder with lib/flink-dist-….jar")
    parser.add_argument("--consumer", type=Path, default=ROOT / "target/release/consumer", help="the program")
    parser.add_argument("--bids", type=Path, help="lines of JSON, in order of their times")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="jobs: q0, hop, 'README 1'")
    asked = parser.parse_args()
    if not asked.flink or not shutil.which("javac"):
        parser.error("there is no Flink or no javac here: see the head of this file")
    return asked


def main(asked, folder):
    """Checks all that is asked for; whether it is all right."""
    wanted = lambda name: name not in NOT_THERE and (not asked.only or name in asked.only)
    lines = (asked.bids or folder / "bids.ndjson").resolve()
    if not asked.bids:
        lines.write_text("".join(json.dumps(bid, ensure_ascii=False) + "\n" for bid in bids(20_000)))
    files = {"bid": lines, "event": folder / "events.ndjson"}
    files["event"].write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events(20_000)))
    paths = [path for path in sorted((JOBS / "nexmark").glob("*.sql")) if path.stem not in files]
    queries = [Nexmark(path, files) for path in paths]
    queries = [query for query in queries if wanted(query.name)]
    paths = [path for where in ("consumer/examples", "tests/fixtures") for path in sorted((ROOT / where).iterdir())]
    fixtures = [Fixture(path, folder) for path in paths if wanted(path.name)]
    jobs = {query.name: query.statements(folder, "none") for query in queries}
    jobs |= {fixture.name: fixture.statements for fixture in fixtures}
    jobs |= {name: job for name, job in readme((ROOT / "README.md").read_text()) if wanted(name)}
    flink = Flink(asked.flink, folder)
    accepted, *_ = flink.take("explain", jobs, BRIEF)
    is_fine, told = True, []
    print(f"{'job':<24}{'accepted':<10}{'same':<8}{'Flink s':>8}{'ours s':>8}", flush=True)

    def tell(name, same="", differs=(), *seconds):
        nonlocal is_fine
        is_accepted = accepted.get(name, ["done"])[0] == "done"
        is_fine = is_fine and is_accepted and same != "NO"
        told.extend([name, *(f"  {line}" for line in differs)] if differs else [])
        told.extend([] if is_accepted else [f"{name} is refused: {accepted[name][0]}"])
        words = "".join(f"{second:8.2f}" for second in seconds)
        print(f"{name:<24}{'yes' if is_accepted else 'NO':<10}{same:<8}{words}", flush=True)

    if queries:
        *_, seconds = flink.take("run", {START: ["SELECT 1"]})
        tell(START, "", (), seconds)
    for query in queries:
        tell(query.name, *query.check(flink, asked.consumer.resolve(), folder))
    running = {fixture.name: fixture.statements for fixture in fixtures if fixture.is_compared}
    ends, printed, _ = flink.take("run", running, BRIEF) if running else ({}, "", 0)
    for fixture in fixtures:
        end, *selected = ends.get(fixture.name, [""])
        tell(fixture.name, *(fixture.check(end, selected, printed) if fixture.is_compared else ("", ())))
    for name in jobs:
        if name.startswith("README"):
            tell(name)
    print("\n".join(["", *told] if told else []))
    return is_fine


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(not main(options(), Path(temporary)))
