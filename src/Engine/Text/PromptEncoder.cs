using LoraDrop.Domain;

namespace LoraDrop.Engine;

/// <summary>A prompt and its answer as a language model reads them.</summary>
/// <param name="Text">All tokens.</param>
/// <param name="Learnt">The places of those that are learnt, ascending.</param>
/// <param name="Cut">Whether tokens were cut off.</param>
public sealed record EncodedPrompt(TokenizedText Text, int[] Learnt, bool Cut);

/// <summary>Turns prompts into tokens for training, and for answering.</summary>
/// <remarks>
/// Prompt and target are tokenized as one text, so that the answer's tokens are those that a model would go on with; where a token would reach over the boundary, each is
/// tokenized by itself. The model's end token follows the target and is learnt. A conversation is laid out by the model's chat template, whose own marks end its answers.
/// </remarks>
public sealed class PromptEncoder
{
    private const int MostFaults = 20;

    private readonly DecoderConfig _config;
    private readonly Overlong _overlong;
    private readonly ChatTemplate? _chat;
    private readonly int? _end;

    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model.</param>
    /// <param name="maxLength">The limit that was asked for, in tokens; the model's own limit holds besides.</param>
    /// <param name="text">How rows are read; whether they are conversations decides whether a chat template is needed.</param>
    /// <exception cref="RefusedInputException">The folder has no fitting tokenizer, or no chat template where one is needed.</exception>
    public PromptEncoder(string folder, DecoderConfig config, int maxLength, IReadOnlyList<TextSettings> text)
    {
        (_config, _overlong) = (config, text[0].Overlong);
        Tokenizer = TextEncoder.TokenizerOf(folder, config);
        Fit = [.. TextEncoder.Remarks(Tokenizer, config)];
        LongestText = Math.Min(maxLength, config.LongestText);
        EndIds = [.. config.EndIds.Concat(GenerationEnds.Read(folder)).Concat(Tokenizer.EndId is { } end ? [end] : (int[])[]).Where(id => id >= 0 && id < config.VocabularySize).Distinct()];
        _end = Tokenizer.EndId ?? (EndIds.Count > 0 ? EndIds[0] : null); // a folder may name none for its tokenizer, and one in config.json
        if (text[0].Chat) _chat = ChatTemplate.Load(folder) ?? throw new RefusedInputException(folder, "has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja), which conversations need. Put one beside the tokenizer, take an instruction-tuned model, or write task.text.prompt and task.text.target.");
        if (_chat is not null && EndOfTurn() is { } mark && !EndIds.Contains(mark)) EndIds = [.. EndIds, mark];
    }

    public Tokenizer Tokenizer { get; }

    /// <summary>What a person should know about how the tokenizer fits the model.</summary>
    public IReadOnlyList<string> Fit { get; }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int LongestText { get; }

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> EndIds { get; }

    /// <summary>Prompt and answer, cut where they are too long.</summary>
    public EncodedPrompt Encode(Prompt prompt)
    {
        var (ids, learnt) = prompt.Messages is { } messages ? Laid(messages) : Joined(prompt);
        if (ids.Length <= LongestText) return new(new(ids, new int[ids.Length]), learnt, false);
        var first = learnt[0];
        var begins = Tokenizer.PrefixLength;
        var tooMany = ids.Length - LongestText;
        var fromPrompt = Math.Min(tooMany, Math.Max(0, first - begins - 1)); // one token at least is left to answer
        ids = [.. ids[..begins], .. ids[(begins + fromPrompt)..]];
        ids = ids[..Math.Min(ids.Length, LongestText)];
        return new(new(ids, new int[ids.Length]), [.. learnt.Select(place => place - fromPrompt).Where(place => place < ids.Length)], true);
    }

    /// <summary>A prompt to answer.</summary>
    /// <param name="prompt">The prompt; of a conversation all but the answer.</param>
    /// <param name="room">Tokens that are kept free for the answer, up to half of what the model reads.</param>
    /// <returns>The tokens, and whether some had to be cut off at the left.</returns>
    public (int[] Ids, bool Cut) EncodeToAnswer(Prompt prompt, int room)
    {
        var ids = prompt.Messages is { } messages ? Tokenizer.EncodeBare(_chat!.Render(messages.SkipLast(1), answer: true)) : Tokenizer.EncodePrefix(prompt.Text);
        if (ids.Length == 0) ids = [_end ?? _config.PadId]; // a model needs a token to go on from
        var longest = Math.Max(Tokenizer.PrefixLength + 1, _config.LongestText - Math.Min(room, _config.LongestText / 2));
        return ids.Length <= longest ? (ids, false) : ([.. ids[..Tokenizer.PrefixLength], .. ids[^(longest - Tokenizer.PrefixLength)..]], true);
    }

    /// <summary>Encodes a file's prompts; those that are too long are cut, left out, or refused, as the settings say.</summary>
    /// <param name="file">The prompts.</param>
    /// <param name="kept">Gets the indices of those that are there.</param>
    /// <exception cref="RefusedInputException">Some are too long, and are to be refused.</exception>
    public TargetSet Encode(IReadOnlyList<Prompt> file, out int[] kept)
    {
        var tried = file.AsParallel().AsOrdered().Select(Tried).ToArray();
        if (tried.Select(t => t.Fault).OfType<Fault>().ToArray() is { Length: > 0 } faults)
            throw Refusal(faults, "task.text", "cannot be laid out");
        EncodedPrompt[] all = [.. tried.Select(t => t.Encoded!)];
        int[] cut = [.. all.Index().Where(e => e.Item.Cut).Select(e => e.Index)];
        if (cut.Length > 0 && _overlong == Overlong.Refuse)
            throw Refusal([.. cut.Select(i => new Fault(file[i].Place, $"has more than {LongestText} tokens with its answer"))], "task.text.overlong", "are too long; cut or drop them, or raise training.maxLength");
        kept = _overlong == Overlong.Drop ? [.. Enumerable.Range(0, all.Length).Except(cut)] : [.. Enumerable.Range(0, all.Length)];
        return new([.. kept.Select(i => all[i].Text)], [.. kept.Select(i => all[i].Learnt)]) { Cut = cut.Length };
    }

    /// <summary>The first rows with their faults, and how many more there are.</summary>
    private static RefusedInputException Refusal(Fault[] rows, string setting, string why) =>
        new([.. rows.Take(MostFaults), .. rows.Length > MostFaults ? [new Fault(setting, $"{rows.Length - MostFaults} more rows {why}")] : (Fault[])[]]);

    /// <summary>What a chat template refuses is a fault of the row.</summary>
    private (EncodedPrompt? Encoded, Fault? Fault) Tried(Prompt prompt)
    {
        try
        {
            return (Encode(prompt), null);
        }
        catch (RefusedInputException refused)
        {
            return (null, new(prompt.Place, refused.Faults[0].Message));
        }
    }

    private (int[] Ids, int[] Learnt) Joined(Prompt prompt)
    {
        int[] before = Tokenizer.EncodePrefix(prompt.Text), whole = Tokenizer.EncodePrefix(prompt.Text + prompt.Target);
        if (whole.Length <= before.Length || !whole.AsSpan().StartsWith(before)) whole = [.. before, .. Tokenizer.EncodeBare(prompt.Target)];
        if (before.Length == 0) (before, whole) = ([_end ?? _config.PadId], [_end ?? _config.PadId, .. whole]);
        if (_end is { } end) whole = [.. whole, end];
        return (whole, [.. Enumerable.Range(before.Length, whole.Length - before.Length)]);
    }

    /// <summary>The tokens of a whole conversation; of each answer those between the prompt that it follows and the next message are learnt.</summary>
    private (int[] Ids, int[] Learnt) Laid(IReadOnlyList<ChatMessage> messages)
    {
        var last = messages.Count - 1;
        var lastPrompt = _chat!.Render(messages.Take(last), answer: true);
        var text = TextOf(messages, lastPrompt);
        var whole = Tokenizer.EncodeBare(text);
        var learnt = new List<int>();
        foreach (var (i, message) in messages.Index())
        {
            if (!message.Learnt || i == 0) continue; // nothing asks for what the assistant begins with
            var prompt = i == last ? lastPrompt : _chat.Render(messages.Take(i), answer: true);
            // Where a template lays out what is past otherwise than what is now, the answer would be learnt after another prompt than it is asked by.
            if (!text.StartsWith(prompt, StringComparison.Ordinal)) continue;
            int from = Common(whole, Tokenizer.EncodeBare(prompt)), to = i == last ? whole.Length : Common(whole, Tokenizer.EncodeBare(_chat.Render(messages.Take(i + 1), answer: false)));
            learnt.AddRange(Enumerable.Range(from, Math.Max(0, to - from)));
        }
        int[] places = [.. learnt.Distinct().Order()];
        return places.Length > 0 ? (whole, places) : throw new RefusedInputException("task.text.chat", "the chat template lays out an answer in a way that cannot be told from the prompt; nothing could be learnt");
    }

    /// <summary>A conversation as it is generated: its last answer follows the prompt that asks for it, also where the template lays out a finished conversation otherwise (Mistral leaves the
    /// system's message to the last question, DeepSeek-R1 takes the thoughts out).</summary>
    private string TextOf(IReadOnlyList<ChatMessage> messages, string prompt)
    {
        string whole = _chat!.Render(messages, answer: false), answer = messages[^1].Content.Trim();
        if (whole.StartsWith(prompt, StringComparison.Ordinal) || answer.Length == 0) return whole;
        var at = whole.LastIndexOf(answer, StringComparison.Ordinal);
        return at < 0 ? whole : prompt + whole[at..];
    }

    /// <summary>The special token that the template puts after an answer; it may be another than the model's own end, as in base models that come with a template.</summary>
    private int? EndOfTurn()
    {
        const string Answer = "answer";
        try
        {
            var text = _chat!.Render([ChatMessage.Of("user", "question"), ChatMessage.Of("assistant", Answer)], answer: false);
            var at = text.LastIndexOf(Answer, StringComparison.Ordinal);
            return at >= 0 && Tokenizer.EncodeBare(text[(at + Answer.Length)..].TrimStart()) is [var first, ..] && Tokenizer.SpecialIds.Contains(first) ? first : null;
        }
        catch (RefusedInputException)
        {
            return null; // a template that wants more than a question and an answer is judged where a row is laid out
        }
    }

    private static int Common(int[] a, int[] b)
    {
        var length = 0;
        while (length < a.Length && length < b.Length && a[length] == b[length]) length++;
        return length;
    }
}
