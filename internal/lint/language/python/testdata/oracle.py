"""Prints what CPython's parser says about the calls of programs: one line of JSON for each line of the input.

A line of the input is the text of a program as a string of JSON. The line of the output is null for a text that is not Python,
else a list of calls: [start, end, [[name, value, start, end], ...]]. A value that is no literal is null. All offsets count bytes.
"""

import ast
import json
import re
import sys


def digits(node):
    """Reports whether a number is short and small enough to be read."""
    return node.end_col_offset - node.col_offset <= 64 and node.value < float("inf")


def literal(node):
    if isinstance(node, ast.Constant):
        if node.value is None:
            return ["null", ""]
        if isinstance(node.value, bool):
            return ["bool", "true" if node.value else "false"]
        if isinstance(node.value, (int, float)):
            return ["number", node.value] if digits(node) else None
        if isinstance(node.value, str):
            return ["text", node.value]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)) and isinstance(node.operand, ast.Constant):
        if type(node.operand.value) in (int, float) and digits(node.operand):
            return ["number", -node.operand.value if isinstance(node.op, ast.USub) else node.operand.value]
    if isinstance(node, (ast.List, ast.Tuple)) and not any(isinstance(item, ast.Starred) for item in node.elts):
        return ["list", [literal(item) for item in node.elts]]
    if isinstance(node, ast.Dict) and None not in node.keys:
        return ["dict", [[literal(key), literal(value)] for key, value in zip(node.keys, node.values)]]
    return None


def calls(text):
    starts = [0] + [at.end() for at in re.finditer(rb"\r\n|\r|\n", text.encode())]

    def span(node):
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def visit(node):
        if isinstance(node, ast.JoinedStr):
            return
        if isinstance(node, ast.Call):
            root = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and span(root)[0] == span(node)[0]:  # (name)(…) is not read
                arguments = [("", argument) for argument in node.args if not isinstance(argument, ast.Starred)]
                arguments += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
                yield [*span(node), [[name, literal(value), *span(value)] for name, value in arguments]]
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    return list(visit(ast.parse(text)))


for line in sys.stdin:
    try:
        result = calls(json.loads(line))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        result = None
    print(json.dumps(result), flush=True)
