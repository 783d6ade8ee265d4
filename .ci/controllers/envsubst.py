"""Variables in braces, by the rules of Flux's `postBuild`: `$VAR` is text, `$$` is a dollar."""

import re


class Malformed(Exception):
    """A text that Flux refuses."""


class NotSet(Exception):
    """A variable without a value, which Flux refuses since 2.9 and left empty before."""


def expand(text, lookup):
    """The text with its variables filled in; `lookup` returns None where a variable is not set."""
    out, at = [], 0
    while at < len(text):
        if text.startswith("${", at):
            value, at = expression(text, at + 2, lookup)
            out.append(value)
        else:
            # The second of two dollars is not looked at again.
            out.append(text[at])
            at += 2 if text.startswith("$$", at) else 1
    return "".join(out)


def expression(text, at, lookup):
    """Reads what follows a `${`: the value, and where the text goes on."""
    if text.startswith("#", at):
        name, at = word(text, at + 1)
        return str(len(value_of(name, lookup).encode())), closed(text, at)
    name, at = word(text, at)
    operator = re.match(r":[-=?+]|[=]|[,^]{1,2}|/[/#%]?|##?|%%?|:|(?=\})", text[at:])
    if not operator:
        raise Malformed(f"`${{{name}` goes on with `{text[at:at + 1]}`")
    operator, at = operator[0], at + len(operator[0])
    if operator in (":-", ":=", ":?", ":+", "="):
        default, at = parameter(text, at, lookup, "}")
        # Whatever the operator, an empty value takes what follows.
        return lookup(name) or default, closed(text, at)
    value = value_of(name, lookup)
    if not operator:
        return value, closed(text, at)
    if operator[0] in ",^":
        change = str.lower if operator[0] == "," else str.upper
        return (change(value) if len(operator) == 2 else change(value[:1]) + value[1:]), closed(text, at)
    if operator[0] == "/":
        pattern, at = parameter(text, at, lookup, "/", escapes=True)
        if not text.startswith("/", at):
            raise Malformed(f"`${{{name}/` has no second part")
        other, at = parameter(text, at + 1, lookup, "}", escapes=True)
        return replaced(value, operator, pattern, other), closed(text, at)
    if operator == ":":
        first, at = parameter(text, at, lookup, ":}")
        second = None
        if text.startswith(":", at):
            second, at = parameter(text, at + 1, lookup, "}")
        return part(value, first, second), closed(text, at)
    pattern, at = parameter(text, at, lookup, "}")
    return trimmed(value, operator, pattern), closed(text, at)


def word(text, at):
    name = re.match(r"\w+", text[at:])
    if not name:
        raise Malformed(f"`${{` is followed by `{text[at:at + 1]}`")
    return name[0], at + len(name[0])


def closed(text, at):
    if not text.startswith("}", at):
        raise Malformed("a brace is not closed")
    return at + 1


def value_of(name, lookup):
    value = lookup(name)
    if value is None:
        raise NotSet(name)
    return value


def parameter(text, at, lookup, ends, escapes=False):
    """A parameter up to one of some characters; it may have a variable."""
    out = []
    while at < len(text) and text[at] not in ends:
        if text.startswith("${", at):
            value, at = expression(text, at + 2, lookup)
            out.append(value)
        elif escapes and text[at:at + 2] in ("\\/", "\\\\", "$$"):
            out.append(text[at + 1])
            at += 2
        else:
            out.append(text[at])
            at += 1
    return "".join(out), at


def replaced(value, operator, pattern, other):
    if operator == "/#":
        return other + value[len(pattern):] if value.startswith(pattern) else value
    if operator == "/%":
        return value[:len(value) - len(pattern)] + other if value.endswith(pattern) else value
    return value.replace(pattern, other, -1 if operator == "//" else 1)


def part(value, first, second):
    if not re.fullmatch(r"[+-]?\d+", first) or second is not None and not re.fullmatch(r"[+-]?\d+", second):
        return value
    start = int(first)
    start = max(len(value) + start, 0) if start < 0 else start
    if second is None:
        return value[start:]
    end = int(second)
    end = len(value) + end if end < 0 else start + end
    return value[start:end] if end >= start else ""


def trimmed(value, operator, pattern):
    """Without the shortest (one sign) or longest (two) beginning or end that a pattern matches."""
    glob = re.compile("".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in pattern), re.DOTALL)
    lengths = range(1, len(value) + 1) if len(operator) == 1 else range(len(value), 0, -1)
    for length in lengths:
        if operator[0] == "#" and glob.fullmatch(value[:length]):
            return value[length:]
        if operator[0] == "%" and glob.fullmatch(value[len(value) - length:]):
            return value[:len(value) - length]
    return value
