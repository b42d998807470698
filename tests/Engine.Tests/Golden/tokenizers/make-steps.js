// Writes steps.json: what each step of a tokenizer.json does to awkward texts. npm i tokenizers@0.23.2, then node make-steps.js
const { Tokenizer } = require('tokenizers'); const fs = require('fs'), path = require('path');

// Single letters, each also as the end of a word (</w>), so that ids show what a text was rewritten to and where it was split.
const texts = [
  '', ' ', 'a', ' a', 'a  b', '  lead and trail  ', 'a\tb\r\nc\n\nd', "don't I'll HE'S", 'a_b-c.d,e!?', '12 345a6 ⅷ½²', '汉字かなカナ한국', 'ｶﾞＡｂ１　Ｘ', 'ﬁ ﬁ\u0301 ㎏ ℡ ™',
  'é e\u0301 a\u0323\u0307 \u212b', '\u1112\u1161\u11ab \u0958', 'x\u200by\ufeffz\u00a0w', 'a\u0001b\u007fc\u2028d', '𝔘𝔫 😀b👍🏽', 'Ⓐ क्षि ก\u0e33', '▁a ▁▁b', '<x> a<x>b <X> aa<y> <y>', 'x<x>_ <y>1 é<y>',
  'ÀÉ ẞ ς İ', 'aab  bba aaa', "``q'' ''", '<0x41> <s></s>', 'word, word', 'a-a--a', 'ß\u0300x', 'it\u2019s “q” …', '\u09fdx \u2e43y z\u0898 \u166d \u1cf2 \u0890q', 'a\u200db \u200c² ½ 🄰🅰',
];
const forms = t => [t, t.toLowerCase(), ...['NFC', 'NFD', 'NFKC', 'NFKD'].flatMap(f => [t.normalize(f), t.normalize(f).toLowerCase()])];
const byteLetters = (() => { let n = 256; return Array.from({ length: 256 }, (_, b) => String.fromCodePoint((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174 ? b : n++)); })();
const letters = [...new Set([...texts.flatMap(forms).join(''), ...byteLetters, '▁', '|', '"'])];
const vocab = { '<unk>': 0 }; letters.forEach((c, i) => { vocab[c] = 1 + 2 * i; vocab[c + '</w>'] = 2 + 2 * i; });
const model = { type: 'BPE', dropout: null, unk_token: '<unk>', continuing_subword_prefix: null, end_of_word_suffix: '</w>', fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges: [] };

const seq = (...normalizers) => ({ type: 'Sequence', normalizers }), pseq = (...pretokenizers) => ({ type: 'Sequence', pretokenizers });
const split = (pattern, behavior, invert = false) => ({ type: 'Split', pattern, behavior, invert }), behaviors = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const space = (prepend_scheme, split) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split });
const token = (id, content, flags = {}) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...flags });
const n = letters.length * 2 + 1, words = { type: 'WhitespaceSplit' };
const cases = {};
for (const type of ['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt', 'ByteLevel']) cases['normalizer ' + type] = { normalizer: { type } };
for (const [l, r] of [[true, true], [true, false], [false, true], [false, false]]) cases[`normalizer Strip ${l} ${r}`] = { normalizer: { type: 'Strip', strip_left: l, strip_right: r } };
cases['normalizer Replace String'] = { normalizer: { type: 'Replace', pattern: { String: 'a' }, content: 'bb' } };
cases['normalizer Replace Regex'] = { normalizer: { type: 'Replace', pattern: { Regex: ' {2,}|\\p{N}+' }, content: '▁' } };
cases['normalizer Replace to nothing'] = { normalizer: { type: 'Replace', pattern: { Regex: '^\\s+|[a-c]+$' }, content: '' } };
cases['normalizer Bert'] = { normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true } };
cases['normalizer Sequence'] = { normalizer: seq({ type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, { type: 'Prepend', prepend: '▁' }) };
for (const behavior of behaviors) {
  for (const invert of [false, true]) {
    cases[`Split String ${behavior} ${invert}`] = { pre_tokenizer: split({ String: 'a' }, behavior, invert) };
    cases[`Split Regex ${behavior} ${invert}`] = { pre_tokenizer: split({ Regex: '\\p{L}{1,2}|\\s' }, behavior, invert) };
  }
  cases[`Punctuation ${behavior}`] = { pre_tokenizer: { type: 'Punctuation', behavior } };
}
for (const [name, Regex] of Object.entries({
  'possessive': "\\p{L}++\\p{L}|[^\\s]?+x|\\s*+",
  'interval then plus': '\\p{L}{1,2}+|\\p{N}{2}+',
  'cl100k': "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
  'set in set': ' ?[^(\\s|[.,!?…。，、।۔،])]+',
  'set without': '[\\w&&[^a-c]]+',
  'lines': '^.|.$',
  'words': '\\b\\w|\\W+\\B',
  'hexadecimal and line ends': '\\h+|\\R',
  'long names': '\\p{Letter}|\\p{^Number}',
  'open interval': 'a{,2}b',
})) cases['pattern ' + name] = { pre_tokenizer: split({ Regex }, 'Isolated') };
cases['Whitespace'] = { pre_tokenizer: { type: 'Whitespace' } };
cases['WhitespaceSplit'] = { pre_tokenizer: words };
cases['CharDelimiterSplit'] = { pre_tokenizer: { type: 'CharDelimiterSplit', delimiter: 'a' } };
cases['FixedLength'] = { pre_tokenizer: { type: 'FixedLength', length: 3 } };
cases['Bert'] = { pre_tokenizer: { type: 'BertPreTokenizer' } };
cases['Digits'] = { pre_tokenizer: { type: 'Digits', individual_digits: false } };
cases['Digits individual'] = { pre_tokenizer: { type: 'Digits', individual_digits: true } };
cases['ByteLevel'] = { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true }, decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true } };
for (const s of ['always', 'first', 'never']) for (const b of [true, false]) cases[`Metaspace ${s} ${b}`] = { pre_tokenizer: space(s, b), added_tokens: [token(n, '<x>')], decoder: space(s, b) };
cases['Metaspace of old files'] = { pre_tokenizer: { type: 'Metaspace', replacement: '▁', str_rep: '▁', add_prefix_space: true }, decoder: { type: 'Metaspace', replacement: '▁', str_rep: '▁', add_prefix_space: true } };
cases['Metaspace first after words'] = { pre_tokenizer: pseq(words, space('first', true)) };
cases['Metaspace first after a strip'] = { normalizer: { type: 'Strip', strip_left: true, strip_right: true }, pre_tokenizer: space('first', true) };
cases['words, then Metaspace'] = { pre_tokenizer: pseq(words, space('always', true)) };
cases['numbers, then punctuation, then bytes'] = { pre_tokenizer: pseq({ type: 'Digits', individual_digits: true }, { type: 'Punctuation', behavior: 'Isolated' }, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }) };
for (let flags = 0; flags < 16; flags++) {
  const [single_word, lstrip, rstrip, normalized] = [1, 2, 4, 8].map(bit => (flags & bit) > 0);
  cases[`added token${single_word ? ' single_word' : ''}${lstrip ? ' lstrip' : ''}${rstrip ? ' rstrip' : ''}${normalized ? ' normalized' : ''}`] =
    { added_tokens: [token(n, '<x>', { single_word, lstrip, rstrip, normalized }), token(n + 1, '<y>', { normalized: !normalized, lstrip: rstrip }), token(n + 2, 'aa', { single_word, normalized })], normalizer: { type: 'Lowercase' }, decoder: { type: 'Fuse' } };
}
cases['added token of a blank'] = { added_tokens: [token(n, ' ', { rstrip: true, single_word: true }), token(n + 1, 'a', { rstrip: true })] };
for (const [name, decoder] of Object.entries({
  'BPEDecoder': { type: 'BPEDecoder', suffix: '</w>' }, 'WordPiece': { type: 'WordPiece', prefix: 'a', cleanup: true }, 'CTC': { type: 'CTC', pad_token: 'a', word_delimiter_token: 'b', cleanup: true }, 'CTC as it is': { type: 'CTC', pad_token: 'a', word_delimiter_token: 'b', cleanup: false },
  'Replace Regex': { type: 'Sequence', decoders: [{ type: 'Replace', pattern: { Regex: '</w>$' }, content: '_' }, { type: 'Fuse' }, { type: 'Strip', content: '_', start: 0, stop: 1 }] }, 'none': null,
})) cases['decoder ' + name] = { decoder };

const uni = (vocab, unk_id, byte_fallback = false) => ({ type: 'Unigram', unk_id, vocab, byte_fallback });
const bytes = Array.from({ length: 256 }, (_, b) => [`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`, 0]);
const pieces = [['<unk>', 0], ['a', -2], ['b', -2], ['ab', -4], ['ba', -4], ['aa', -3.5], ['aab', -5.9], [' ', -1], [' a', -3], ['▁', -1], ['▁a', -2.5], ['é', -5], ['汉字', -9], ['😀', -3], ['ΑΒ', -4], ['w', -3], ['or', -1.5], ['ord', -2], ['word', -12], ['x', -1], ['<', -7]];
cases['Unigram'] = { model: uni(pieces, 0) };
cases['Unigram with Metaspace'] = { model: uni(pieces, 0), pre_tokenizer: space('always', true), decoder: space('always', true) };
cases['Unigram of bytes'] = { model: uni([...pieces, ...bytes], 0, true), decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }] } };
cases['Unigram of some bytes'] = { model: uni([...pieces, ...bytes.slice(0, 0xC3)], 0, true) };
cases['Unigram of equal sums'] = { model: uni([['<unk>', 0], ['a', -1], ['aa', -2], ['aaa', -3], ['b', -1], ['ab', -2], ['ba', -2], ['-', -1], ['a-', -2], ['-a', -2], [' ', 0]], 0) };
cases['Unigram with a piece twice'] = { model: uni([...pieces, ['a', -9], ['ab', -1]], 0) };
cases['WordLevel'] = { model: { type: 'WordLevel', vocab: { '[UNK]': 7, a: 0, b: 3, word: 5, ',': 2 }, unk_token: '[UNK]' }, pre_tokenizer: { type: 'Whitespace' } };
cases['BPE with prefixes'] = { model: { ...model, end_of_word_suffix: '', continuing_subword_prefix: '##', vocab: { '?': 0, a: 1, b: 2, '##a': 3, '##b': 4, aa: 5, '##ab': 6, aab: 7, ' ': 8, '## ': 9 }, merges: ['a ##a', '##a ##b', 'a ##ab'], unk_token: '?' } };
cases['BPE with ends'] = { model: { ...model, vocab: { '?': 0, a: 1, b: 2, 'a</w>': 3, 'b</w>': 4, 'ab</w>': 5, aa: 6, 'word</w>': 7 }, merges: ['a b</w>', 'a a'], unk_token: '?', fuse_unk: true }, pre_tokenizer: words, decoder: { type: 'BPEDecoder', suffix: '</w>' } };
cases['BPE without unknown'] = { model: { ...model, end_of_word_suffix: null, unk_token: null, vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] } };
cases['BPE that ignores merges'] = { model: { ...model, end_of_word_suffix: null, unk_token: null, ignore_merges: true, vocab: { a: 0, b: 1, aa: 2, aab: 3 }, merges: [['a', 'a']] }, pre_tokenizer: words };

(async () => {
  const lines = [];
  for (const [name, parts] of Object.entries(cases)) {
    const t = Tokenizer.fromString(JSON.stringify({ version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, model, ...parts }));
    const ids = [], decoded = [];
    for (const text of texts) { const row = (await t.encode(text, undefined)).getIds(); ids.push(row.join(' ')); decoded.push(row.length ? await t.decode(row, true) : ''); }
    lines.push(JSON.stringify({ name, tokenizer: parts, ids, ...('decoder' in parts ? { decoded } : {}) }));
  }
  fs.writeFileSync(path.join(__dirname, 'steps.json'), `{"library": "tokenizers 0.23.2",\n "letters": ${JSON.stringify(letters.join(''))},\n "texts": ${JSON.stringify(texts)},\n "cases": [\n${lines.join(',\n')}\n]}\n`);
  console.log(lines.length, 'cases');
})();
