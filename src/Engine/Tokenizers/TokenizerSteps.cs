namespace LoraDrop.Engine.Tokenizers;

/// <summary>Rewrites a text before it is split: case, accents, white space.</summary>
internal delegate string Normalizer(string text);

/// <summary>Splits a text into the words that the model tokenizes one by one.</summary>
/// <param name="text">A text, or a part of one between added tokens.</param>
/// <param name="first">Whether it begins the text being encoded.</param>
internal delegate IEnumerable<string> PreTokenizer(string text, bool first);

/// <summary>Turns tokens back into pieces of text, to be concatenated.</summary>
internal delegate IEnumerable<string> Decoder(IEnumerable<string> tokens);

/// <summary>Splits one word into token ids.</summary>
internal interface IWordModel
{
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>The token for anything missing from the vocabulary, or null.</summary>
    string? UnknownToken { get; }

    /// <summary>Length of a prefix of a word that can be tokenized independently of the rest; at least 1, by default the
    /// whole word.</summary>
    int IndependentLength(ReadOnlySpan<char> word) => word.Length;

    /// <summary>Appends the ids of one word. Thread-safe.</summary>
    void Append(string word, List<int> ids);
}

/// <summary>The steps of a tokenizer, in the order of <c>tokenizer.json</c>.</summary>
internal sealed record TokenizerSteps(
    Normalizer Normalize,
    AddedTokens Added,
    PreTokenizer SplitWords,
    IWordModel Model,
    SequenceTemplate Template,
    Decoder Decode);
