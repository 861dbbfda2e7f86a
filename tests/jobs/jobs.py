"""The text of a job: its statements, and the tables that it declares."""

import re

# What stands in a statement and is no end of it; a remark is taken out.
TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|`[^`]*`|\w+|[\s\S]")
# Between these nothing ends: in a statement set, and in an expression.
INSIDE = {"BEGIN": 1, "CASE": 1, "END": -1}


def statements(text):
    """The statements of a job, without remarks."""
    found, depth = [""], 0
    for token in TOKEN.findall(text):
        depth += INSIDE.get(token.upper(), 0)
        if token == ";" and not depth:
            found.append("")
        elif not token.startswith("--"):
            found[-1] += token
    return [statement.strip() for statement in found if statement.strip()]


def connected(statement, options):
    """A CREATE TABLE with what `options` says of its name and its own options for its WITH."""
    table = re.match(r"CREATE TABLE `?(\w+)", statement)
    if not table:
        return statement
    head, own = re.fullmatch(r"(.*)\bWITH\s*\((.*)\)", statement, re.DOTALL).groups()
    own = dict(re.findall(r"'([^']*)'\s*=\s*'([^']*)'", own))
    told = ", ".join(f"'{key}' = '{value}'" for key, value in options(table[1], own).items())
    return f"{head}WITH ({told})"
