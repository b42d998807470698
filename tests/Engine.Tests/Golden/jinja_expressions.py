"""Writes anew what Jinja2 makes of every template in jinja_expressions.json, in the environment that transformers gives chat templates.

    python3 jinja_expressions.py      # jinja2 3.1.6, Python 3.11
"""
import json
import pathlib

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("said"), [], [], body).set_lineno(line)

    def said(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
file = pathlib.Path(__file__).with_name("jinja_expressions.json")
cases = json.loads(file.read_text(encoding="utf-8"))
for case in cases:
    case.pop("text", None)
    case.pop("raises", None)
    try:
        case["text"] = environment.from_string(case["template"]).render(
            messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}],
            add_generation_prompt=True, tools=None, documents=None, bos_token="<s>")
    except Exception as error:
        case["raises"] = type(error).__name__
file.write_text("[\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases) + "\n]\n", encoding="utf-8")
