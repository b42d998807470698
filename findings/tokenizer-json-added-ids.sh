#!/usr/bin/env bash
# Hugging Face's tokenizers (Rust, in Tokenizers.DotNet 1.4.1) ignores the ids of added tokens in tokenizer.json; @huggingface/tokenizers
# 0.2.0 (npm) takes them.
#
# Expected: {"id": 50, "content": "<m>"} is 50: the file says so, and the model's embedding has its row there.
# Seen:     the Rust library numbers added tokens from the end of the vocabulary: with 3 words "<m>" is 3. JavaScript gives 50. Without a
#           hole they agree.
# Matters:  files edited by hand, or cut down to a smaller vocabulary, have such holes; the same text then trains another row of the
#           embedding in Python than in a browser.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages Tokenizers.DotNet@1.4.1 Tokenizers.DotNet.runtime.linux-x64@1.4.1
npm_packages @huggingface/tokenizers@0.2.0

seen=$(
for id in 3 50; do
cat > tokenizer-$id.json <<JSON
{"version": "1.0", "added_tokens": [{"id": $id, "content": "<m>",
  "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
 "normalizer": null, "post_processor": null, "decoder": null,
 "pre_tokenizer": {"type": "WhitespaceSplit"}, "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "a": 1, "b": 2}}}
JSON
done
dotnet_run <<'CS'
foreach (var id in new[] { 3, 50 })
{
    var tokenizer = new Tokenizers.DotNet.Tokenizer($"tokenizer-{id}.json");
    Console.WriteLine($"Rust, id {id} in the file: {string.Join(' ', tokenizer.Encode("a <m> b"))}");
}
CS
node --input-type=module - <<'JS'
import fs from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
for (const id of [3, 50]) {
  const tokenizer = new Tokenizer(JSON.parse(fs.readFileSync(`tokenizer-${id}.json`)), {});
  console.log(`JavaScript, id ${id} in the file: ${tokenizer.encode('a <m> b').ids.join(' ')}`);
}
JS
)
recorded "$seen" "one of the two libraries numbers added tokens in another way than it did." <<'SEEN'
Rust, id 3 in the file: 1 3 2
Rust, id 50 in the file: 1 3 2
JavaScript, id 3 in the file: 1 3 2
JavaScript, id 50 in the file: 1 50 2
SEEN
