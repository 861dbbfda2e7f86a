"""The cases of values that the consumer's own tests read, on Apache Flink: for differential.py.

A case is `expression => value : TYPE`, of one row whose columns consumer/src/proof/values.rs names, or
of three rows of which the last two have another `i`.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROOF = ROOT / "consumer/src/proof"
COLUMN = re.compile(r'\("(\w+)", "([^"]+)", (?:Some\("(.*)"\)|None)\),')
# Of which table a case is, what it is like, and the row of the differences that says so.
KNOWN = [
    ("aggregates", r"^(STDDEV|VAR)", "STDDEV and VAR of integers are integers"),
    ("aggregates", r"\* 0e0\)$", "MIN and MAX of 0.0 and -0.0 are the first of them"),
    ("aggregates", r"_SAMP\(1\.5e0\)", "`STDDEV_SAMP` and `VAR_SAMP` of one row of what is never NULL are -1 (a bug of 2.3)"),
    ("casts", r"^TRY_CAST\('a' AS DECIMAL", "`CAST` and `TRY_CAST` to DECIMAL of a text as 'a', which is no number, are 0 (a bug of 2.3)"),
    ("casts", r"AS FLOAT\) AS DECIMAL", "a constant that is cast to FLOAT and then to DECIMAL keeps its digits"),
    ("casts", r"^CAST\(d / zero AS DECIMAL", "`CAST` of NaN and Infinity to DECIMAL ends the job"),
    ("casts", r"^CAST\(yes AS DECIMAL", "`CAST` of a BOOLEAN to DECIMAL"),
    ("casts", r"^CAST\(123456 AS", "a constant that is too large for its DECIMAL ends the job"),
    ("casts", r"AS TIME\)$", "`CAST(… AS TIME)` has no parts of a second"),
    ("casts", r"^CAST\(TIMESTAMP '", "a TIMESTAMP literal has its own digits"),
    ("logic", r"\bNULL\b", "`NULL` alone is refused in `AND`, `+` and functions"),
    ("logic", r"!=", "`!=` is refused"),
    ("logic", r"SYMMETRIC", "`BETWEEN SYMMETRIC`"),
    ("logic", r"^ARRAY\[", "an element behind the last of a constant ARRAY is -1"),
    ("logic", r"BETWEEN '|[<>] '|IN \('", "`<`, `BETWEEN` and `IN` read a STRING beside a number as one"),
    ("numbers", r"^-9223372036854775808$", "`-9223372036854775808` is a BIGINT"),
    ("numbers", r"\d{19}", "a whole number beyond BIGINT is refused"),
    ("numbers", r"% -1$", "`a % b` and `MOD(a, b)` are of the type of b"),
    ("numbers", r"\bbig\b", "a BIGINT among decimals has 19 digits"),
    ("numbers", r"^ROUND\(d / zero\)", "`ROUND` of NaN and Infinity ends the job"),
    ("numbers", r"^TRUNCATE\(1e300\)", "`TRUNCATE` of a DOUBLE from 1e20 on ends the job (a bug of 2.3)"),
    ("numbers", r"SQRT\(minus\)", "NaN is equal to nothing, and neither above nor below"),
    ("numbers", r"\+ 0e0$", "`x + 0e0` is x, so -0.0 stays, which no join finds equal to 0.0"),
    ("numbers", r"[/%] 0\b", "a constant without a value ends the job when its row comes"),
    ("texts", r"^ASCII\('ü'", "`ASCII` of another letter is its first byte in UTF-8, less 256"),
    ("texts", r"^REGEXP.*\\\d", "regular expressions are Java's"),
    ("texts", r"^REGEXP", "a pattern that is none gives FALSE or NULL"),
    ("texts", r"ESCAPE", "ESCAPE with any pattern"),
    ("texts", r"^LPAD\('hi', (-1|4, '')", "`LPAD` and `RPAD` of constants that come to NULL end the job"),
    ("texts", r"^(REPEAT|LPAD|RPAD)\(", "`REPEAT`, `LPAD`, `RPAD` to any length"),
    ("texts", r"^INITCAP", "`INITCAP` knows letters of ASCII only, and begins a word behind all else"),
    ("times", r"^CEILING", "`CEILING(time TO unit)`"),
    ("times", r"^TO_TIMESTAMP_LTZ\(\w+\)", "`TO_TIMESTAMP_LTZ` of text"),
    ("times", r"^TIMESTAMPADD\(", "`TIMESTAMPADD` beyond the year 262142"),
    ("times", r"^TIMESTAMPDIFF\(DAY, nothing", "`TIMESTAMPDIFF` of a text is refused"),
    ("times", r"^IFNULL\(DATE", "`IFNULL` of a constant date and an INTERVAL is refused (a bug of 2.3)"),
    ("times", r"^UNIX_TIMESTAMP\(", "`UNIX_TIMESTAMP` of no time is the least BIGINT"),
    ("times", r"EEEE|MMM", "patterns of times with names, as `EEEE`"),
    ("zone", r"^(FLOOR|CEIL)", "`FLOOR` and `CEIL` of a TIMESTAMP_LTZ go by the offset from UTC at that time"),
    ("zone", r"EPOCH", "`EXTRACT(EPOCH …)` of a TIMESTAMP_LTZ goes by clocks of the zone"),
]
# Many expressions are one job, as long as all of them have a value.
TOGETHER = 40


def columns():
    """The columns of the row: name, type, and value or None."""
    source = (PROOF / "values.rs").read_text()
    return [match.groups() for match in map(COLUMN.search, source.splitlines()) if match]


def line(row, number):
    """A row as JSON."""
    values = {}
    for name, of, value in row:
        if value is not None and (of == "BOOLEAN" or of.endswith("INT") or of in ("FLOAT", "DOUBLE")):
            value = json.loads(value)
        if of.startswith("TIMESTAMP"):
            value = value.replace("T", " ")
        values[name] = 8 if number and name == "i" else value
    # What is exact is a number as it is written.
    return re.sub(r'"dec": "([^"]*)"', r'"dec": \1', json.dumps(values, ensure_ascii=False))


def cases(path):
    """Expressions with what each comes to: value and type, or None where it is not told."""
    for case in path.read_text().splitlines():
        if case and not case.startswith("#"):
            text, expected = case.split(" =>", 1)
            value, *of = expected.strip().rsplit(" : ", 1) if not expected.startswith(" !") else [expected.strip()]
            yield text, value, of[0] if of else None


def quoted(text, row):
    """An expression whose columns are in backquotes: some of their names are words of the language."""
    names = "|".join(name for name, *_ in row)
    token = re.compile(rf"'(?:[^']|'')*'|\b(?:{names})\b(?!\s*\()|[\s\S]")
    return "".join(f"`{part}`" if re.fullmatch(names, part) else part for part in token.findall(text))


def select(texts):
    """A query of some expressions; what stands behind a bar is behind FROM, and then it is one."""
    rest = texts[0].partition(" | ")[2]
    listed = ", ".join(f"{text.partition(' | ')[0]} AS v{place}" for place, text in enumerate(texts))
    return f"SELECT {listed} FROM t {rest}"


def computed(session, setup, texts):
    """The values of expressions, or why they have none; halves where they have none together."""
    end, fields = session.take("values", [*setup, select(texts)])
    if end == "done":
        return [field[3:-1] for field in fields[-len(texts) :]] if fields else ["no row"] * len(texts)
    if len(texts) == 1:
        return [f"! {end}"]
    half = len(texts) // 2
    return computed(session, setup, texts[:half]) + computed(session, setup, texts[half:])


def of_table(session, path, folder):
    """The cases of a table that differ: expression, what is expected, what Flink comes to."""
    row, name = columns(), path.stem
    rows = folder / f"{name}.rows"
    rows.write_text("".join(line(row, number) + "\n" for number in range(3 if name == "aggregates" else 1)))
    declared = ", ".join(f"`{column}` {of}" for column, of, _ in row)
    zone = "Europe/Berlin" if name == "zone" else "UTC"
    setup = [f"SET 'table.local-time-zone' = '{zone}'", "SET 'parallelism.default' = '1'"]
    setup += [f"CREATE TABLE t ({declared}) WITH ('connector' = 'filesystem', 'path' = '{rows}', 'format' = 'json')"]
    tried = [(text, quoted(text, row), value, of) for text, value, of in cases(path)]
    types, found, alone = {}, {}, []
    for text, query, *_ in tried:
        end, told = session.take("explain", [*setup, select([query])])
        types[text], found[text] = (told[-1][1:-1], None) if end == "done" else (None, f"! {end}")
        alone += [(text, query)] if end == "done" else []
    together = [pair for pair in alone if " | " not in pair[0]]
    chunks = [together[at : at + TOGETHER] for at in range(0, len(together), TOGETHER)]
    for chunk in chunks + [[pair] for pair in alone if " | " in pair[0]]:
        values = computed(session, setup, [query for _, query in chunk])
        found |= dict(zip([text for text, _ in chunk], values))
    return len(tried), [
        (text, value + (f" : {of}" if of else ""), f"{found[text]} : {types[text]}")
        for text, _, value, of in tried
        if not is_same(value, of, found[text], types[text])
    ]


def is_same(value, of, found, found_type):
    """Whether Flink comes to what is expected, or both refuse."""
    if value.startswith("! ") or found.startswith("! "):
        return value.startswith("! ") and found.startswith("! ")
    plain = re.sub(r"(VAR)?CHAR\(\d+\)", "STRING", found_type.replace(" NOT NULL", ""))
    return value == found and of in (None, plain)
