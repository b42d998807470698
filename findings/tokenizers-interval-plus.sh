#!/usr/bin/env bash
# Hugging Face tokenizers 0.23.2 (npm): "{1,3}+" in the pattern of a Split is not possessive.
#
# Expected: tiktoken's pattern of cl100k_base has \p{N}{1,3}+, a possessive interval, so that "1234567" is split into 123, 456, 7. "++" and "?+" of the same
#   pattern are possessive in a tokenizer.json too, so one copies the pattern and expects the same pieces.
# What happens: Oniguruma, which reads the patterns of a tokenizer.json, takes "+" after an interval as one more repetition: (\p{N}{1,3})+. The whole number
#   is one piece, no error is reported, and every token of long numbers differs from tiktoken's. \p{N}{1,3} without the plus gives the pieces expected.
# Exits with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund tokenizers@0.23.2 >/dev/null
cat > split.js <<'JS'
const { Tokenizer } = require('tokenizers');
async function pieces(Regex, text) {
  const words = ['1234567', '123', '456', '7', '1', '[UNK]'];
  const tokenizer = Tokenizer.fromString(JSON.stringify({
    version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, post_processor: null, decoder: null,
    pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false },
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '[UNK]' },
  }));
  return (await tokenizer.encode(text)).getTokens().join(' | ');
}
(async () => {
  console.log('tokenizers', require('tokenizers/package.json').version);
  const seen = {};
  for (const pattern of ['\\p{N}{1,3}+', '\\p{N}{1,3}', '\\p{N}++\\p{N}|\\p{N}+']) console.log(pattern.padEnd(20), '->', seen[pattern] = await pieces(pattern, '1234567'));
  const asRecorded = seen['\\p{N}{1,3}+'] === '1234567' && seen['\\p{N}{1,3}'] === '123 | 456 | 7';
  console.log(asRecorded ? 'as recorded: the plus repeats the interval' : 'this has changed');
  process.exit(asRecorded ? 0 : 1);
})();
JS
node split.js
