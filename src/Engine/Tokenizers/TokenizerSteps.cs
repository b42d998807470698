namespace LoraDrop.Engine.Tokenizers;

/// <summary>Rewrites a text before it is split: case, accents, white space.</summary>
internal delegate string Normalizer(string text);

/// <summary>Splits a text into the words that the model tokenizes one by one.</summary>
/// <param name="text">A text, or a part of one between added tokens.</param>
/// <param name="first">Whether the text that is encoded begins with it.</param>
internal delegate IEnumerable<string> PreTokenizer(string text, bool first);

/// <summary>Turns tokens back into pieces of text; the text is the pieces joined.</summary>
internal delegate IEnumerable<string> Decoder(IEnumerable<string> tokens);

/// <summary>Cuts one word into token ids.</summary>
internal interface IWordModel
{
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    /// <summary>The token for what the vocabulary lacks, or null.</summary>
    string? UnknownToken { get; }

    /// <summary>How much of a word, from its start, has ids that do not depend on what follows, while what follows does not depend on it;
    /// at least 1, and the whole word where nothing is known.</summary>
    int IndependentLength(ReadOnlySpan<char> word) => word.Length;

    /// <summary>Appends the ids of one word. Called from several threads at once.</summary>
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
