// Writes unigram.json: ids of unigram.model as each tokenizer class of transformers has them. npm i tokenizers@0.23.2, then node make-unigram.js
// The tokenizer.json of each class is made as transformers 4.57 does it (convert_slow_tokenizer.py).
// unigram.model was made by SentencePiece 0.1.97 of sentences of GLUE and four words that the rules concern: spm_train --model_type=unigram --vocab_size=400
//   --hard_vocab_limit=false --character_coverage=0.999 --max_sentencepiece_length=8 --control_symbols='[CLS],[SEP],[PAD]' --user_defined_symbols='<sep>'
//   --normalization_rule_tsv: ﬁ → fi, no-break space, tab and ideographic space → blank, e + U+0301 → é, É → é, Ａ → A, Ｂ → B, soft hyphen → nothing, … → three dots
const { Tokenizer } = require('tokenizers'); const fs = require('fs'), path = require('path');

function varint(b, i) { let r = 0, s = 1; for (;;) { const x = b[i++]; r += (x & 127) * s; s *= 128; if (x < 128) return [r, i]; } }
function fields(b) {
  const found = [];
  for (let i = 0; i < b.length;) {
    let key, value, n; [key, i] = varint(b, i);
    if ((key & 7) === 0) [value, i] = varint(b, i);
    else { if ((key & 7) === 5) n = 4; else if ((key & 7) === 1) n = 8; else [n, i] = varint(b, i); value = b.subarray(i, i += n); }
    found.push([key >> 3, value]);
  }
  return found;
}
const message = fields(fs.readFileSync(path.join(__dirname, 'unigram.model'))), last = (m, f) => m.filter(x => x[0] === f).at(-1)?.[1];
const pieces = message.filter(x => x[0] === 1).map(x => fields(x[1])).map(p => ({ text: last(p, 1).toString(), score: last(p, 2)?.readFloatLE() ?? 0, type: last(p, 3) ?? 1 }));
const map = last(fields(last(message, 3)), 2).toString('base64');

const scored = p => p.map(x => [x.text, x.score]), blanks = content => ({ type: 'Replace', pattern: { Regex: ' {2,}' }, content });
const precompiled = { type: 'Precompiled', precompiled_charsmap: map }, stripRight = { type: 'Strip', strip_left: false, strip_right: true };
const space = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const replace = (String, content) => ({ type: 'Replace', pattern: { String }, content });
const roberta = { cls: '<s>', sep: '</s>', double: true, steps: [precompiled, stripRight, blanks('▁')], special: ['<s>', '<pad>', '</s>', '<unk>', '<mask>'] };
const albert = scored(pieces).map(([p, s]) => [p, /[0-9],$/.test(p) ? s - 100 : s]);
const classes = {
  XLMRobertaTokenizer: { ...roberta, unk: 3, vocab: [['<s>', 0], ['<pad>', 0], ['</s>', 0], ['<unk>', 0], ...scored(pieces.slice(3)), ['<mask>', 0]] },
  CamembertTokenizer: { ...roberta, unk: 3, vocab: [['<s>NOTUSED', 0], ['<pad>', 0], ['</s>NOTUSED', 0], ['<unk>', 0], ['<unk>NOTUSED', -100], ...scored(pieces.slice(1)), ['<mask>', 0]], special: [...roberta.special, '<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'] },
  AlbertTokenizer: { cls: '[CLS]', sep: '[SEP]', unk: 0, vocab: albert, steps: [replace('``', '"'), replace("''", '"'), { type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, precompiled, blanks(' ')], special: ['[PAD]', '<unk>', '[CLS]', '[SEP]', '[MASK]'] },
  DebertaV2Tokenizer: { cls: '[CLS]', sep: '[SEP]', unk: 0, vocab: scored(pieces), steps: [{ type: 'Strip', strip_left: true, strip_right: true }, precompiled, blanks(' ')], special: ['[PAD]', '<unk>', '[CLS]', '[SEP]', '[MASK]'] },
};
const texts = ['', ' ', 'The ﬁne cafe\u0301, été!', '  two  blanks   ', 'a\tb\u00a0c\u3000d', 'É e\u0301\u0302 ﬁ\u0301 …', 'soft\u00adhyphen', 'ＡＢＣ 1,000 3,', '汉字 😀 x😀y', "``quoted'' text", 'a <mask> b<mask>c', '[MASK] [CLS]<sep> <sep>x', '<s> </s> <unk> <pad> <unk>NOTUSED',
  'line one\nline two\r\n', '▁a ▁▁', 'unaffable prices of the company rose in the second quarter', 'Naïve ÀÉ ẞ'];
const pairs = [['The cat', 'sat'], ['', 'b'], ['a <mask>', '']];

(async () => {
  const out = {};
  for (const [name, c] of Object.entries(classes)) {
    const ids = new Map(c.vocab.map(([p], i) => [p, i])), add = (content, special) => ({ id: ids.get(content) ?? c.vocab.length, content, single_word: false, lstrip: content === '<mask>' || content === '[MASK]', rstrip: false, normalized: false, special });
    const own = pieces.filter(p => (p.type === 3 || p.type === 4) && !c.special.includes(p.text)).map(p => add(p.text, p.type === 3));
    const S = (id, type_id) => ({ SpecialToken: { id, type_id } }), Q = (id, type_id) => ({ Sequence: { id, type_id } }), y = c.double ? 0 : 1;
    const id = t => ({ id: t, ids: [ids.get(t)], tokens: [t] });
    const t = Tokenizer.fromString(JSON.stringify({
      version: '1.0', truncation: null, padding: null, added_tokens: [...c.special.map(x => add(x, true)), ...own], normalizer: { type: 'Sequence', normalizers: c.steps }, pre_tokenizer: space,
      post_processor: { type: 'TemplateProcessing', single: [S(c.cls, 0), Q('A', 0), S(c.sep, 0)], pair: [S(c.cls, 0), Q('A', 0), S(c.sep, 0), ...(c.double ? [S(c.sep, 0)] : []), Q('B', y), S(c.sep, y)], special_tokens: { [c.cls]: id(c.cls), [c.sep]: id(c.sep) } },
      decoder: space, model: { type: 'Unigram', unk_id: c.unk, vocab: c.vocab, byte_fallback: false },
    }));
    const rows = [];
    for (const text of texts) { const row = (await t.encode(text, undefined)).getIds(); rows.push({ text, ids: row.join(' '), decoded: await t.decode(row, true) }); }
    const two = [];
    for (const [a, b] of pairs) { const e = await t.encode(a, b); two.push({ a, b, ids: e.getIds().join(' '), types: e.getTypeIds().join(' ') }); }
    out[name] = { single: rows, pairs: two };
  }
  const line = list => '[\n' + list.map(x => '   ' + JSON.stringify(x)).join(',\n') + '\n  ]';
  fs.writeFileSync(path.join(__dirname, 'unigram.json'), '{"library": "tokenizers 0.23.2"' + Object.entries(out).map(([n, o]) => `,\n "${n}": {\n  "single": ${line(o.single)},\n  "pairs": ${line(o.pairs)}}`).join('') + '\n}\n');
})();
