"""The templates of ApplicationSets: `{{name}}`, and of Go's templates fields, `index`, and a few functions."""

import re

HOLE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
TOKEN = re.compile(r'"(?:\\.|[^"])*"|`[^`]*`|[^\s|]+|\|')
FUNCTIONS = {
    "quote": lambda value: f'"{value}"', "lower": str.lower, "upper": str.upper, "trim": str.strip,
    "normalize": lambda value: re.sub(r"[^a-z0-9.-]", "-", value.lower())[:253], "toString": str,
    "trimPrefix": lambda prefix, value: value.removeprefix(prefix), "trimSuffix": lambda suffix, value: value.removesuffix(suffix),
    "replace": lambda old, new, value: value.replace(old, new), "default": lambda other, value: value or other,
    "printf": lambda form, *values: re.sub(r"%[sdv]", "%s", form) % values,
}


class NotKnown(Exception):
    """A template that is not understood here, or a value that is not given."""


def flat(parameters, path=""):
    """Parameters by path, as a template without Go's language names them."""
    out = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            out |= flat(value, f"{path}{key}.")
        else:
            out[f"{path}{key}"] = value
    return out


def filled(node, parameters, go):
    """A value with each text in it, and each key, filled in."""
    if isinstance(node, dict):
        return {filled(key, parameters, go): filled(one, parameters, go) for key, one in node.items()}
    if isinstance(node, list):
        return [filled(one, parameters, go) for one in node]
    return text(node, parameters, go) if isinstance(node, str) else node


def text(value, parameters, go):
    if "{{" not in value:
        return value
    if go:
        # The dash of a delimiter eats the white space beside it.
        value = re.sub(r"\{\{-\s*(.*?)\}\}", r"{{\1}}", re.sub(r"\s+(?=\{\{-)", "", value))
        value = re.sub(r"-\}\}\s+", "}}", value)
        return HOLE.sub(lambda hole: pipeline(hole[1], parameters), value)
    known = flat(parameters)
    return HOLE.sub(lambda hole: str(known[hole[1]]) if hole[1] in known else hole[0], value)


def pipeline(code, parameters):
    """The value of an expression such as `.path.basename | upper`."""
    value = ()
    stages = [[]]
    for token in TOKEN.findall(code):
        stages.append([]) if token == "|" else stages[-1].append(token)
    for stage in stages:
        if not stage:
            raise NotKnown(code)
        first, *rest = stage
        arguments = [operand(one, parameters, code) for one in rest]
        if first == "index":
            found = arguments[0]
            try:
                for key in arguments[1:]:
                    found = found[key]
            except (LookupError, TypeError):
                raise NotKnown(code) from None
            value = (found,)
        elif first in FUNCTIONS:
            try:
                value = (FUNCTIONS[first](*arguments, *value),)
            except (TypeError, AttributeError):
                raise NotKnown(code) from None
        elif rest or value:
            raise NotKnown(code)
        else:
            value = (operand(first, parameters, code),)
    if value[0] is None or isinstance(value[0], (dict, list)):
        raise NotKnown(code)
    return str(value[0]).lower() if isinstance(value[0], bool) else str(value[0])


def operand(token, parameters, code):
    if token[0] in "\"`":
        return token[1:-1]
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    if not re.fullmatch(r"(\.\w+)+", token):
        raise NotKnown(code)
    found = parameters
    for key in token[1:].split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found
