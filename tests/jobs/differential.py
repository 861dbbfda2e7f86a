"""Whether the consumer answers what Apache Flink answers: queries by chance, and the cases of values.

    python3 tests/jobs/differential.py queries --count 300
    python3 tests/jobs/differential.py values
    python3 tests/jobs/differential.py modes --count 100
    python3 tests/jobs/differential.py alone --count 50

Flink is installed as the head of flink.py says; here it works in one process with one cluster for all, in
streaming mode, on the same files. What is compared is what the changelogs come to.

- `queries` makes them from `--seed`, which is told. One that differs is made smaller, and its rows fewer, while
  it does; `--number N` is only that one, and `--sql "…"` what is typed, on the same rows.
- `values` is each case of consumer/src/proof/values/, by its value and its type.
- `modes` asks only for plans, of statement sets that are made from `--seed`: which kinds of changes, `+I -U +U -D`,
  come to each sink, as Flink plans it and as `consumer explain` shows it.
- `alone` needs no Flink: the queries on one worker and on three, which must come to the same.

What only one of both refuses, and values that differ, have their row in the differences of
consumer/FUNCTIONS.md: differences.py says which, and when a fault is Flink's. Exit code 1 is for whatever has no
row: numbers are compared as numbers, so how many digits are told is not. At the end stands how often each form was
made, and in how many queries whose results were the same and not empty.

Last on Flink 2.3.0: 300 queries each of seeds 31 to 35, in which 1,371 came to the same (1,103 of them with rows), 3
were refused by both and 126 have their row now. With the seeds before (1 to 3, 21 and 22) they found seven faults of
the consumer's, which tests/fixtures/groups, not-in and over, and plan/proof/accepted hold now, and most of the bugs of
Flink 2.3 that are rows. Of 795 cases of values 57 differed, each by its row. In 160 statement sets each of seeds 41
and 42 the plans named the same kinds of changes for 554 of 729 sinks, and others by their rows for the rest: for 147
the consumer only those that its rows can have, and in 20 Flink none but `+I` where the consumer takes rows back (the
first row by event time, a bug of Flink's, or conditions that are false). They found a DISTINCT that was not needed. Of
seed 43 one of 60 sets was refused by a bug of Flink's that was no row yet.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import flink
import modes
import queries
import tables
import values
from choices import Choices
from compare import plain
from differences import ALIKE, DIFFER, OURS, STREAMING, THEIRS, known, telling
from flink import ROOT

SMALL = ["-Xmx2g", *flink.BRIEF]
# What is told of a query without results.
EMPTY = ["0 rows"]
# What a sink of a statement set prints, in a process that runs several: of which job, and the row.
PRINTED = re.compile(r"(.*\.job)/(\w+> .*)")

CHANGE = re.compile(r"(?:(\w+)> )?([-+][IUD])\[(.*)\]", re.DOTALL)


class Session:
    """Flink, which takes jobs as they come, some side by side."""

    def __init__(self, home, folder, workers):
        self.folder, self.asked, self.waiting, self.printed = folder, 0, {}, {}
        self.errors = open(folder / "flink.log", "w")
        command = [*flink.Flink(home, folder).command(*SMALL), str(workers)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.errors, "text": True}
        self.process = subprocess.Popen(command, cwd=folder, **pipes)
        self.lock = threading.Lock()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        """Tells who waits for a job that it is done, or that none will be."""
        for line in self.process.stdout:
            printed = PRINTED.match(line)
            if printed and printed[1] in self.waiting:
                self.printed[printed[1]].append(printed[2])
            elif line.rstrip() in self.waiting:
                self.waiting.pop(line.rstrip()).set()
        for event in list(self.waiting.values()):
            event.set()

    def take(self, verb, statements):
        """How a job ends, and the rows that it selects."""
        with self.lock:
            self.asked += 1
            job = self.folder / f"{self.asked}.job"
            identified = [one.replace("'print-identifier' = '", f"'print-identifier' = '{job}/") for one in statements]
            job.write_text("\0".join(identified))
            self.printed[str(job)] = []
            done = self.waiting[str(job)] = threading.Event()
            self.process.stdin.write(f"{verb} {job}\n")
            self.process.stdin.flush()
        done.wait()
        out = Path(f"{job}.out")
        if not out.exists():
            raise SystemExit(f"Flink ended early: {(self.folder / 'flink.log').read_text()[-2000:]}")
        end, *rows = out.read_text().splitlines()
        out.unlink()
        job.unlink()
        return end, [*rows, *self.printed.pop(str(job))]

    def end(self):
        """Its process ends."""
        self.process.stdin.close()
        self.process.wait()


class Both:
    """Flink and the consumer, with tables of the same rows; or the consumer and itself."""

    def __init__(self, asked, folder):
        self.folder, self.consumer = folder, asked.consumer.resolve()
        self.flink = Session(asked.flink, folder, asked.workers) if asked.what != "alone" else None
        self.declared, self.at_once = list(tables.declared(folder)), list(tables.declared(folder, "p BIGINT"))

    def fill(self, rows):
        """Puts lines into the tables."""
        for name, lines in rows.items():
            (self.folder / f"{name}.ndjson").write_text("".join(f"{line}\n" for line in lines))

    def taken(self, verb, query):
        """How it ends on Flink, and the rows."""
        settings = {"parallelism.default": "1", "pipeline.auto-watermark-interval": "0 ms"}
        settings = [f"SET '{key}' = '{value}'" for key, value in settings.items()]
        declared = self.at_once if verb == "batch" else self.declared
        return self.flink.take(verb, [*settings, *declared, *query.split(queries.END)])

    def theirs(self, query, verb="run"):
        """What Flink comes to."""
        if not self.flink:
            return self.ours(query, 3)
        end, rows = self.taken(verb, query)
        return (None, end) if end != "done" else (normal(rows), "")

    def ours(self, query, workers=1):
        """What the consumer comes to."""
        printed, why = self.said("run", query, "--parallelism", str(workers))
        return (None, why) if printed is None else (normal(printed.splitlines()), "")

    def said(self, verb, query, *flags):
        """What the consumer says of a query, or why it does not."""
        path = self.folder / f"{threading.get_ident()}.sql"
        path.write_text(queries.END.join([*self.declared, query]))
        printed, errors, _, code = flink.timed([self.consumer, verb, path, *flags], self.folder)
        told = re.findall(r"ERROR (.*)|(panicked .*\n.*)", errors)
        why = " ".join("".join(told[-1] if told else errors).split()).replace(f"{path}:", "")
        return (None if code else printed, why)

    def verdict(self, query, wanted=None):
        """Whether both come to the same, and what there is to tell; maybe less where it cannot be as wanted."""
        ours, why = self.ours(query)
        if wanted and (ours is None) != (wanted == OURS):
            return "not as wanted", []
        theirs, reason = self.theirs(query)
        if ours is None or theirs is None:
            return "both refuse" if ours is theirs else OURS if ours is None else THEIRS, [f"consumer: {why}"] * (ours is None) + [f"Flink:    {reason}"] * (theirs is None)
        if ours == theirs:
            return "same", [f"{sum(ours.values())} rows"]
        verdict, blamed = self.blamed(query, ours, theirs) if self.flink else (DIFFER, [])
        told = [f"Flink:    {count} x {row}" for row, count in list((theirs - ours).items())[:5]]
        told += [f"consumer: {count} x {row}" for row, count in list((ours - theirs).items())[:5]]
        return verdict, [*(told or ["what was not given is taken back"]), *blamed]

    def blamed(self, query, ours, theirs):
        """Of what differs: what Flink comes to where nothing is taken back, if it does there; and its plan."""
        batch, reason = self.theirs(query, "batch")
        plan = telling(self.taken("plan", query)[1])
        if batch is None:
            return STREAMING, [f"in batch mode: {reason}", *plan]
        # Of no rows an aggregate of all is a row there, and none where rows may come.
        is_ours = batch == ours or not ours and batch.total() == 1
        return STREAMING if is_ours else ALIKE if batch == theirs else DIFFER, plan


def normal(changes):
    """The rows that are left of a changelog, by the sink if it says so, each with its count; numbers but for their last digits."""
    kept, rows = Counter(), Counter()
    for sink, kind, row in (CHANGE.match(change).groups() for change in changes):
        kept[sink, row] += 1 if kind[0] == "+" else -1
    for (sink, row), count in kept.items():
        values = map(plain, row.split(", "))
        rows[(sink, *(float(f"{value:.12g}") if isinstance(value, float) else value for value in values))] += count
    return Counter({row: count for row, count in rows.items() if count})


def fewer(rows, differs):
    """As few lines as were found of which a query still differs."""
    size = max(map(len, rows.values()))
    while size:
        for name in rows:
            at = 0
            while at < len(rows[name]):
                less = rows | {name: rows[name][:at] + rows[name][at + size :]}
                if differs(less):
                    rows = less
                else:
                    at += size
        size //= 2
    return rows


def minimised(both, choices, rows, verdict):
    """A query that is as small as could be found, and lines, with the same verdict."""

    def still(query):
        found, told = both.verdict(query, verdict)
        return found == verdict and not known(found, told)

    query = queries.generated(Choices(given=queries.smaller(choices.taken, still)))

    def differs(less):
        both.fill(less)
        return still(query)

    rows = rows if "refuse" in verdict else fewer(rows, differs)
    both.fill(rows)
    return query, rows


def seeded(asked):
    """What rows and queries are made from, which is told."""
    seed = asked.seed if asked.seed is not None else random.randrange(2**32)
    print(f"seed {seed}", flush=True)
    return seed


def check_queries(asked, both):
    """Tries queries; how many there are without an explanation."""
    seed = seeded(asked)
    rows = tables.rows(seed, asked.rows)
    both.fill(rows)
    numbers = [asked.number] if asked.number is not None else range(asked.count)

    def tried(number):
        choices = Choices(random.Random(f"{seed}/{number}"))
        query = asked.sql or queries.generated(choices)
        return number, choices, query, *both.verdict(query)

    verdicts, unexplained, made, proved = Counter(), [], Counter(), Counter()
    with ThreadPoolExecutor(asked.workers) as pool:
        for number, choices, query, verdict, told in pool.map(tried, numbers):
            row = known(verdict, told)
            made.update(choices.forms.keys())
            proved.update(choices.forms.keys() if verdict == "same" and told != EMPTY else ())
            verdict_told = f"{verdict}, no rows" if told == EMPTY else verdict
            verdicts[verdict_told if not row else f"{verdict}: {row}"] += 1
            # Where there is no Flink, both are the consumer: it may say that there is no such thing, and no more.
            is_refused = verdict == "both refuse" and (both.flink or all("not supported" in why for why in told))
            is_fine = verdict == "same" or is_refused
            is_unexplained = not is_fine and not row
            if is_unexplained or len(numbers) == 1:
                print(f"\n{verdict}: --seed {seed} --number {number}", query, *told, sep="\n  ", flush=True)
            if is_unexplained:
                unexplained.append((number, choices, verdict))
    for number, choices, verdict in [] if asked.sql else unexplained[: asked.smaller]:
        both.fill(rows)
        query, less = minimised(both, choices, rows, verdict)
        _, told = both.verdict(query)
        lines = [f"{name}: {line}" for name, own in less.items() for line in own]
        print(f"\nsmaller, --number {number}", query, *told, *(lines if len(lines) < 20 else []), sep="\n  ", flush=True)
    for verdict, count in verdicts.most_common():
        print(f"{count:6} {verdict}")
    tell_forms(made, proved)
    return len(unexplained)


def tell_forms(made, proved):
    """Prints how many queries had each form, and in how many of them it was proved; functions by those of them."""
    functions = [form for form in made if form.startswith("f ")]
    print("  made proved")
    for form, count in sorted(made.items(), key=lambda one: (-one[1], one[0])):
        if form not in functions:
            print(f"{count:6} {proved[form]:6} {form}")
    missing = [form[2:] for form in functions if not proved[form]]
    print(f"{len(functions):6} {len(functions) - len(missing):6} functions and aggregates")
    print(*(f"              {form}" for form in missing), sep="\n")


def check_values(both, folder):
    """Compares the cases of values; how many there are without an explanation."""
    unexplained = 0
    for path in sorted((values.PROOF / "values").glob("*.txt")):
        count, differ = values.of_table(both.flink, path, folder)
        rows = [(known(path.stem, [text]), text, *found) for text, *found in differ]
        unexplained += sum(not row for row, *_ in rows)
        print(f"{path.stem}: {count} cases, {len(differ)} differ", flush=True)
        for row, text, ours, theirs in rows:
            print(f"  {text}\n    consumer: {ours}\n    Flink:    {theirs}\n    {row or 'UNEXPLAINED'}", flush=True)
    return unexplained


def check_modes(asked, both):
    """Compares which kinds of changes come to sinks; how many there are without an explanation."""
    seed = seeded(asked)
    both.fill(tables.rows(seed, 0))
    numbers = [asked.number] if asked.number is not None else range(asked.count)

    def tried(number):
        query = queries.several(Choices(random.Random(f"{seed}/{number}")))
        explained, why = both.said("explain", query)
        end, plan = both.taken("plan", query)
        if explained is not None and end == "done":
            return number, query, list(modes.compared(plan, explained))
        verdict = THEIRS if explained is not None else OURS if end == "done" else "both refuse"
        told = [f"consumer: {why}"] * (explained is None) + [f"Flink:    {end}"] * (end != "done")
        return number, query, [(verdict, known(verdict, told), told)]

    verdicts, unexplained = Counter(), 0
    with ThreadPoolExecutor(asked.workers) as pool:
        for number, query, found in pool.map(tried, numbers):
            for verdict, row, told in found:
                is_fine = verdict in ("same", "both refuse")
                verdicts[verdict if is_fine or not row else f"{verdict}: {row}"] += 1
                unexplained += not is_fine and not row
                if not is_fine and not row or len(numbers) == 1:
                    print(f"\n{verdict}: --seed {seed} --number {number}", query, *told, sep="\n  ", flush=True)
    for verdict, count in verdicts.most_common():
        print(f"{count:6} {verdict}")
    return unexplained


def main(asked, folder):
    """Does what is asked for; whether all is explained."""
    both = Both(asked, folder)
    started = time.monotonic()
    checks = {"values": lambda: check_values(both, folder), "modes": lambda: check_modes(asked, both)}
    unexplained = checks.get(asked.what, lambda: check_queries(asked, both))()
    if both.flink:
        both.flink.end()
    print(f"{unexplained} unexplained, {time.monotonic() - started:.0f} s")
    return not unexplained


def options():
    """What this program is asked to do."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["queries", "values", "modes", "alone"])
    parser.add_argument("--flink", type=Path, default=flink.home(), help="the folder with lib/flink-dist-….jar")
    parser.add_argument("--consumer", type=Path, default=ROOT / "target/release/consumer", help="the program")
    parser.add_argument("--count", type=int, default=300, help="so many queries")
    parser.add_argument("--rows", type=int, default=40, help="so many rows of each table")
    parser.add_argument("--seed", type=int, help="what the rows and queries are made from")
    parser.add_argument("--number", type=int, help="only this query")
    parser.add_argument("--sql", help="this query on the rows of the seed")
    parser.add_argument("--smaller", type=int, default=5, help="make no more than so many smaller")
    parser.add_argument("--workers", type=int, default=2, help="so many queries side by side")
    return parser.parse_args()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(not main(options(), Path(temporary)))
