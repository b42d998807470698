#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 (npm) does not read all that Hugging Face's Rust library writes: split behaviours,
# continuing_subword_prefix, replacements with $, and ς.
#
# Expected: one format, one result: the ids of Tokenizers.DotNet 1.4.1, which is the Rust library.
# Seen:     Split with MergedWithPrevious, MergedWithNext or Contiguous is taken for Isolated; a BPE model's "##" is not put before later
#           pieces, which are unknown then; in a Replace, $& is what was matched instead of itself; and Lowercase ends Greek words in ς
#           where Rust has σ.
# Matters:  ids made in a browser or in Node for a model that was trained in Python are others, without an error. (A pattern of this kind
#           is in Gemma's tokenizer.)
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages Tokenizers.DotNet@1.4.1 Tokenizers.DotNet.runtime.linux-x64@1.4.1
npm_packages @huggingface/tokenizers@0.2.0

node --input-type=module - <<'JS'
import fs from 'node:fs';
const words = (...words) => ({ type: 'WordLevel', unk_token: '?',
  vocab: Object.fromEntries(['?', ...words].map((word, id) => [word, id])) });
const split = behavior => ({ pre_tokenizer: { type: 'Split', pattern: { Regex: '\\d' }, behavior, invert: false },
  model: words('ab', 'c', '1', '2', 'ab1', '12', '2c') });
const letters = (letters, normalizer) => ({ normalizer, model: { type: 'Unigram', unk_id: 0, byte_fallback: false,
  vocab: [['?', 0], ...[...letters].map(letter => [letter, -1])] } });
const cases = {
  MergedWithPrevious: [split('MergedWithPrevious'), 'ab1c'], MergedWithNext: [split('MergedWithNext'), 'ab12c'],
  Contiguous: [split('Contiguous'), 'ab12c'],
  continuing_subword_prefix: [{ pre_tokenizer: { type: 'WhitespaceSplit' },
    model: { type: 'BPE', unk_token: '?', continuing_subword_prefix: '##',
    vocab: { '?': 0, a: 1, '##b': 2, ab: 3, '##a': 4 }, merges: ['a ##b'] } }, 'ab aba'],
  'Replace b by $&': [letters('ab$&', { type: 'Replace', pattern: { String: 'b' }, content: '$&' }), 'aba'],
  Lowercase: [letters('ςσ', { type: 'Lowercase' }), 'ΣΣ'],
};
const empty = { version: '1.0', added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
fs.writeFileSync('cases.json', JSON.stringify(Object.entries(cases).map(([name, [json, text]]) => ({ name, text, json: { ...empty, ...json } }))));
JS
seen=$(
dotnet_run <<'CS'
using System.Text.Json.Nodes;
foreach (var @case in JsonNode.Parse(File.ReadAllText("cases.json"))!.AsArray())
{
    File.WriteAllText("tokenizer.json", @case!["json"]!.ToJsonString());
    var tokenizer = new Tokenizers.DotNet.Tokenizer("tokenizer.json");
    Console.WriteLine($"Rust, {@case["name"]}: {string.Join(' ', tokenizer.Encode((string)@case["text"]!))}");
}
CS
node --input-type=module - <<'JS'
import fs from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
for (const { name, text, json } of JSON.parse(fs.readFileSync('cases.json')))
  console.log(`JavaScript, ${name}: ${new Tokenizer(json, {}).encode(text).ids.join(' ')}`);
JS
)
recorded "$seen" "one of the two libraries encodes in another way than it did." <<'SEEN'
Rust, MergedWithPrevious: 5 2
Rust, MergedWithNext: 1 3 7
Rust, Contiguous: 1 6 2
Rust, continuing_subword_prefix: 3 3 4
Rust, Replace b by $&: 1 3 4 1
Rust, Lowercase: 2 2
JavaScript, MergedWithPrevious: 1 3 2
JavaScript, MergedWithNext: 1 3 4 2
JavaScript, Contiguous: 1 3 4 2
JavaScript, continuing_subword_prefix: 1 0 1 0 1
JavaScript, Replace b by $&: 1 2 1
JavaScript, Lowercase: 2 1
SEEN
