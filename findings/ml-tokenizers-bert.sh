#!/usr/bin/env bash
# Microsoft.ML.Tokenizers 2.0.1: BertTokenizer, made from a vocab.txt alone, is not bert-base-uncased's.
#
# Expected: BERT's own rules for an uncased model: accents go, format characters such as the soft hyphen go, [mask] in small letters is a
#           text, a text of 6 tokens cut to 4 is [CLS] the cat [SEP], and counting counts what encoding gives.
# Seen:     accents stay (RemoveNonSpacingMarks is off), a soft hyphen parts the word, "[mask]" is the token [MASK], the cut drops a word
#           that does not fit whole (3 tokens of 4), and CountTokens leaves [CLS] and [SEP] out.
# Matters:  ids that differ from the model's training, for every accent; lengths planned by CountTokens are two short.
set -euo pipefail
source "$(dirname "$0")/common.bash"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
dotnet_packages Microsoft.ML.Tokenizers@2.0.1 Tokenizers.DotNet@1.4.1 Tokenizers.DotNet.runtime.linux-x64@1.4.1

seen=$(dotnet_run <<'CS'
using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

string[] vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "##s",
    "cafe", "café", "a", "b", "ab", "[", "]", "mask"];
var ours = BertTokenizer.Create(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', vocabulary))));
File.WriteAllText("tokenizer.json", JsonSerializer.Serialize(new
{
    version = "1.0",
    added_tokens = vocabulary[..5].Select((content, id) =>
        new { id, content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true }),
    normalizer = new { type = "BertNormalizer", clean_text = true, handle_chinese_chars = true,
        strip_accents = (bool?)null, lowercase = true },
    pre_tokenizer = new { type = "BertPreTokenizer" },
    model = new { type = "WordPiece", unk_token = "[UNK]", continuing_subword_prefix = "##", max_input_chars_per_word = 100,
        vocab = vocabulary.Select((piece, id) => (piece, id)).ToDictionary(p => p.piece, p => p.id) },
}));
var reference = new Tokenizers.DotNet.Tokenizer("tokenizer.json");
string Pieces(IEnumerable<int> ids) => string.Join(' ', ids.Select(id => vocabulary[id]));
foreach (var (name, text) in new[] { ("accent", "Café"), ("soft hyphen", "a\u00adb"), ("small letters", "[mask]") })
    Console.WriteLine($"{name}: {Pieces(ours.EncodeToIds(text, addSpecialTokens: false))}; "
        + $"Hugging Face: {Pieces(reference.Encode(text).Select(id => (int)id))}");
Console.WriteLine($"cut to 4: {Pieces(ours.EncodeToIds("the cats", 4, out _, out _))}");
Console.WriteLine($"counted {ours.CountTokens("the cats")}, encoded {ours.EncodeToIds("the cats").Count}");
CS
)
recorded "$seen" "BertTokenizer encodes in another way than it did." <<'SEEN'
accent: café; Hugging Face: cafe
soft hyphen: a b; Hugging Face: ab
small letters: [MASK]; Hugging Face: [ mask ]
cut to 4: [CLS] the [SEP]
counted 3, encoded 5
SEEN
