using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Chat;

/// <summary>A prompt and its answer, tokenized for a language model.</summary>
/// <param name="Text">All tokens, up to the last one trained on.</param>
/// <param name="Learnt">The positions of tokens trained on, ascending.</param>
public sealed record EncodedPrompt(TokenizedText Text, int[] Learnt)
{
    /// <summary>Whether the prompt was truncated on the left.</summary>
    public bool PromptCut { get; init; }

    /// <summary>Whether the answer, too long by itself, was truncated on the right.</summary>
    public bool AnswerCut { get; init; }

    /// <summary>Whether earlier answers of a conversation were truncated with the prompt, and are not trained on.</summary>
    public bool AnswersLost { get; init; }

    /// <summary>Whether tokens were dropped.</summary>
    public bool Cut => PromptCut || AnswerCut;

    /// <summary>Number of answers to train on that cannot be located in the rendered text.</summary>
    public int Unlocated { get; init; }

    /// <summary>Whether the chat template puts no end token after the last answer, so that a model does not learn to stop there.</summary>
    public bool LacksEnd { get; init; }

    /// <summary>Parts the chat template did not render: <c>tools</c>, or the role whose content is missing.</summary>
    public IReadOnlyList<string> Unwritten { get; init; } = [];
}

/// <summary>Tokenizes prompts, for training and for generation.</summary>
/// <remarks>
/// Prompt and target are tokenized as one text, so that the answer's tokens are those that a model would generate; if a token would cross
/// the boundary, each is tokenized separately. The model's end token follows the target and is trained on. A conversation is rendered by
/// the model's chat template, whose own tokens end its answers.
/// </remarks>
public sealed class PromptEncoder
{
    private const int MostFaults = 20;

    /// <summary>Ends the reasoning of models that think before they answer; published templates omit past reasoning.</summary>
    private const string ThoughtEnd = "</think>";

    private readonly DecoderConfig _config;
    private readonly Overlong _overlong;
    private readonly ChatTemplate? _chat;
    private readonly int? _end;

    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model.</param>
    /// <param name="maxLength">The requested limit in tokens; the model's own limit also applies.</param>
    /// <param name="text">How rows are read; a chat template is needed if they are conversations.</param>
    /// <exception cref="RefusedInputException">The folder has no suitable tokenizer, or lacks a required chat template.</exception>
    public PromptEncoder(string folder, DecoderConfig config, int maxLength, IReadOnlyList<TextSettings> text)
    {
        (_config, _overlong) = (config, text[0].Overlong);
        Tokenizer = TextEncoder.TokenizerOf(folder, config);
        Fit = [.. TextEncoder.Remarks(Tokenizer, config)];
        LongestText = Math.Min(maxLength, config.LongestText);
        EndIds = [.. config.EndIds.Concat(GenerationEnds.Read(folder)).Concat(Tokenizer.EndId is { } end ? [end] : (int[])[])
            .Where(id => id >= 0 && id < config.VocabularySize).Distinct()];
        _end = Tokenizer.EndId ?? (EndIds.Count > 0 ? EndIds[0] : null); // a folder may name an end token only in config.json
        if (text[0].Chat)
            _chat = ChatTemplate.Load(folder)
                ?? throw new RefusedInputException(folder,
                "has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja), which "
                + "conversations need. Put one beside the tokenizer, take an instruction-tuned model, or write "
                + "task.text.prompt and task.text.target.");
        if (_chat is not null && EndOfTurn() is { } mark && !EndIds.Contains(mark)) EndIds = [.. EndIds, mark];
    }

    public Tokenizer Tokenizer { get; }

    /// <summary>Remarks for the user on how the tokenizer fits the model.</summary>
    public IReadOnlyList<string> Fit { get; }

    /// <summary>The text of the tokens that end an answer.</summary>
    private string[] EndMarks => field ??= TextsOf(EndIds);

    private string[] SpecialTexts => field ??= TextsOf(Tokenizer.SpecialIds);

    /// <summary>The most tokens in prompt and answer together.</summary>
    public int LongestText { get; }

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> EndIds { get; }

    /// <summary>Tokenizes prompt and answer, truncated if too long: the prompt on the left, and if the answer alone is too long, the answer
    /// on the right.</summary>
    public EncodedPrompt Encode(Prompt prompt)
    {
        var rendered = prompt.Conversation is { } conversation ? Render(_chat!.Fitted(conversation)) : Joined(prompt);
        var ids = rendered.Ids[..rendered.Answers[^1].To]; // nothing after the last answer is needed
        var (begins, last) = (BeginningOf(ids), rendered.Answers[^1].From);
        if (ids.Length <= LongestText) return Encoded(rendered, ids, begins, 0);
        var left = Math.Clamp(ids.Length - LongestText, 0, Math.Max(0, last - begins - 1)); // leaves at least one token to predict
        ids = [.. ids[..begins], .. ids[(begins + left)..]];
        var answerCut = ids.Length > LongestText;
        return Encoded(rendered, ids[..Math.Min(ids.Length, LongestText)], begins, left) with
        {
            PromptCut = left > 0,
            AnswerCut = answerCut,
            AnswersLost = left > 0 && rendered.Answers.Count > 1 && rendered.Answers[0].From <= begins + left,
        };
    }

    /// <param name="rendered">A text with its answers.</param>
    /// <param name="ids">Its remaining tokens.</param>
    /// <param name="begins">Number of special tokens at the beginning, which stay.</param>
    /// <param name="left">Number of tokens dropped on the left; answers that begin among them are not trained on.</param>
    private EncodedPrompt Encoded(RenderedText rendered, int[] ids, int begins, int left)
    {
        var learnt = rendered.Answers.Where(answer => left == 0 || answer.From > begins + left)
            .SelectMany(answer => Enumerable.Range(answer.From - left, answer.To - answer.From)).Where(place => place < ids.Length);
        return new(new(ids, new int[ids.Length]), [.. learnt.Distinct().Order()])
        {
            Unlocated = rendered.Unlocated,
            Unwritten = rendered.Unwritten,
            LacksEnd = _chat is not null && !EndIds.Contains(rendered.Ids[rendered.Answers[^1].To - 1]),
        };
    }

    /// <summary>Tokenizes a prompt for generation.</summary>
    /// <param name="prompt">The prompt; the answer of a conversation is ignored.</param>
    /// <param name="room">Tokens reserved for the answer, up to half of the model's context.</param>
    /// <returns>The tokens, and whether some were dropped on the left.</returns>
    public (int[] Ids, bool Cut) EncodeToAnswer(Prompt prompt, int room)
    {
        var ids = prompt.Conversation is { } talk
            ? Tokenizer.EncodeBare(PromptOf(_chat!.Fitted(talk))) : Tokenizer.EncodePrefix(prompt.Text);
        if (ids.Length == 0) ids = [_end ?? _config.PadId]; // a model needs a token to start from
        var begins = BeginningOf(ids);
        var longest = Math.Max(begins + 1, _config.LongestText - Math.Min(room, _config.LongestText / 2));
        return ids.Length <= longest ? (ids, false) : ([.. ids[..begins], .. ids[^(longest - begins)..]], true);
    }

    /// <summary>Number of tokens at the beginning that the model expects before every text; a chat template may omit them.</summary>
    private int BeginningOf(int[] ids) => ids.AsSpan().StartsWith(Tokenizer.EncodePrefix("")) ? Tokenizer.PrefixLength : 0;

    /// <summary>Converts a file's prompts to the form the chat template accepts, with remarks on unused fields and changed roles. Prompts
    /// that are not conversations are unchanged.</summary>
    public PromptFile Fitted(PromptFile file, List<string> remarks)
    {
        if (_chat is null) return file;
        Conversation[] read = [.. file.Prompts.Select(prompt => prompt.Conversation!)];
        string[] notUsed = [.. read.SelectMany(_chat.NotUsed).Distinct()];
        if (notUsed.Length > 0) remarks.Add($"{file.File}: not used: {string.Join(", ", notUsed)}");
        void Remark(Func<Conversation, bool> holds, Func<string, string> text)
        {
            if (read.Count(holds) is > 0 and var rows) remarks.Add($"{file.File}: {text($"{rows:N0} of {read.Length:N0} rows")}");
        }
        Remark(talk => talk.Tools is not null && !_chat.HasPlaceForTools(talk),
            rows => $"the chat template has no place for tools: they are not used in {rows}");
        Remark(_chat.RenamesDeveloper,
            rows => $"the chat template does not know the role developer: its messages are given to it as system messages in {rows}");
        Remark(talk => talk.Padding > 0,
            rows => $"null members of tools and arguments are taken as not there in {rows}, which were written from columns; "
                + "arguments given as JSON text keep theirs");
        Prompt Fit(Prompt prompt) => prompt with { Conversation = _chat.Fitted(prompt.Conversation!) };
        return file with { Prompts = [.. file.Prompts.Select(Fit)] };
    }

    /// <summary>The prompts to answer, each once, with all correct answers: for conversations as the chat template renders them, which is
    /// what a trained model generates.</summary>
    public IReadOnlyList<Prompt> Asked(IReadOnlyList<Prompt> prompts)
    {
        Prompt Written(Prompt prompt) =>
            prompt.Conversation is { } talk ? prompt with { References = [AnswerOf(_chat!.Fitted(talk))] } : prompt;
        return Prompt.Grouped([.. prompts.Select(Written)]);
    }

    /// <summary>Encodes a file's prompts; those that are too long are truncated, dropped, or refused, according to the settings.</summary>
    /// <param name="file">The prompts.</param>
    /// <param name="kept">Receives the indices of the encoded prompts.</param>
    /// <param name="rows">The word for prompts in remarks.</param>
    /// <exception cref="RefusedInputException">Some are too long, and the settings refuse them.</exception>
    public TargetSet Encode(IReadOnlyList<Prompt> file, out int[] kept, string rows = "rows")
    {
        var encoded = file.AsParallel().AsOrdered().Select(TryEncode).ToArray();
        if (encoded.Select(t => t.Fault).OfType<Fault>().ToArray() is { Length: > 0 } faults)
            throw Refusal(faults, "task.text", "cannot be rendered");
        EncodedPrompt[] all = [.. encoded.Select(t => t.Encoded!)];
        int[] cut = [.. all.Index().Where(e => e.Item.Cut).Select(e => e.Index)];
        if (cut.Length > 0 && _overlong == Overlong.Refuse)
            throw Refusal([.. cut.Select(i => new Fault(file[i].Place, $"has more than {LongestText} tokens with its answer"))],
                "task.text.overlong", "are too long; cut or drop them, or raise training.maxLength");
        kept = _overlong == Overlong.Drop ? [.. Enumerable.Range(0, all.Length).Except(cut)] : [.. Enumerable.Range(0, all.Length)];
        return new([.. kept.Select(i => all[i].Text)], [.. kept.Select(i => all[i].Learnt)]) { Remarks = [.. Remarks(all, rows)] };
    }

    private IEnumerable<string> Remarks(EncodedPrompt[] all, string rows)
    {
        string Of(int count) => $"{count} of {all.Length} {rows}";
        int Count(Func<EncodedPrompt, bool> holds) => all.Count(holds);
        var (cut, lost, answers) = (Count(e => e.PromptCut), Count(e => e.AnswersLost), Count(e => e.AnswerCut));
        var dropped = Count(e => e.Cut);
        if (_overlong == Overlong.Drop && dropped > 0) yield return $"{Of(dropped)} have more than {LongestText} tokens and are left out.";
        if (_overlong == Overlong.Cut && cut > 0)
            yield return $"{Of(cut)} have more than {LongestText} tokens; their prompts are cut from the left."
                + (lost > 0 ? $" {lost} of them lose earlier answers with it, which are not learnt." : "");
        if (_overlong == Overlong.Cut && answers > 0)
            yield return $"{Of(answers)} have an answer that is too long by itself for {LongestText} tokens; it is cut at the right.";
        if (all.Sum(e => e.Unlocated) is > 0 and var unlocated)
            yield return $"{unlocated} earlier answers in {Of(Count(e => e.Unlocated > 0))} are not learnt: "
                + "the chat template writes what was said before otherwise than the prompt that asked for it.";
        if (Count(e => e.LacksEnd) is > 0 and var unended)
            yield return $"The chat template puts no mark after the last answer of {Of(unended)}: "
                + "a model that learns them does not learn to stop.";
        foreach (var what in all.SelectMany(e => e.Unwritten).Distinct())
        {
            var named = what == "tools" ? "the tools" : $"what is said in the role {what}";
            yield return $"The chat template leaves out {named} in {Of(Count(e => e.Unwritten.Contains(what)))}.";
        }
    }

    /// <summary>The first faulty rows, and how many more there are.</summary>
    private static RefusedInputException Refusal(Fault[] rows, string setting, string why) =>
        new([.. rows.Take(MostFaults), .. rows.Length > MostFaults
            ? [new Fault(setting, $"{rows.Length - MostFaults} more rows {why}")]
            : (Fault[])[]]);

    /// <summary>A refusal by the chat template is a fault of the row.</summary>
    private (EncodedPrompt? Encoded, Fault? Fault) TryEncode(Prompt prompt)
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

    private RenderedText Joined(Prompt prompt)
    {
        int[] before = Tokenizer.EncodePrefix(prompt.Text), whole = Tokenizer.EncodePrefix(prompt.Text + prompt.Target);
        if (whole.Length <= before.Length || !whole.AsSpan().StartsWith(before))
            whole = [.. before, .. Tokenizer.EncodeBare(prompt.Target)];
        if (before.Length == 0) (before, whole) = ([_end ?? _config.PadId], [_end ?? _config.PadId, .. whole]);
        if (_end is { } end) whole = [.. whole, end];
        return new(whole, [(before.Length, whole.Length)]);
    }

    /// <summary>The tokens of a whole conversation, with the range of each answer, from its prompt to the end of its turn.</summary>
    private RenderedText Render(Conversation talk)
    {
        var last = talk.Messages.Count - 1;
        var lastPrompt = PromptOf(talk);
        var text = TextOf(talk, lastPrompt);
        CheckCalls(talk, text);
        var whole = Tokenizer.EncodeBare(text);
        var (answers, unlocated) = (new List<(int From, int To)>(), 0);
        foreach (var (i, message) in talk.Messages.Index())
        {
            if (!message.Learnt || i == 0) continue; // an assistant message at the beginning has no prompt
            var prompt = i == last ? lastPrompt : _chat!.Render(talk.Until(i), answer: true);
            // If a template renders earlier turns differently from the last, the answer would be trained on after another prompt than in
            // generation.
            var end = text.StartsWith(prompt, StringComparison.Ordinal) ? EndOf(talk, i, text, prompt.Length) : prompt.Length;
            var from = Common(whole, Tokenizer.EncodeBare(prompt));
            var to = end == text.Length ? whole.Length : Common(whole, Tokenizer.EncodeBare(text[..end]));
            if (end > prompt.Length && to > from) answers.Add((from, to));
            else unlocated++;
        }
        if (answers.Count == 0)
            throw Refused("the chat template renders an answer so that it cannot be separated from the prompt; nothing could be learnt");
        return new(whole, answers) { Unlocated = unlocated, Unwritten = [.. Unwritten(talk, text)] };
    }

    /// <summary>The end of an answer's turn in the text, including its end token.</summary>
    /// <remarks>
    /// The first end token after the whole answer, but not beyond what the template renders when nothing follows. Either may be missing:
    /// Qwen3 renders a past call without the empty reasoning it has as the last message, and DeepSeek-V3 puts no end token after a single
    /// call.
    /// </remarks>
    private int EndOf(Conversation talk, int i, string text, int begins)
    {
        var message = talk.Messages[i];
        string[] said = [message.Content.Split(ThoughtEnd)[^1].Trim(), .. message.Called];
        bool HasAll(int end) => said.All(part => text.AsSpan(begins, end - begins).Contains(part, StringComparison.Ordinal));
        var alone = i == talk.Messages.Count - 1 ? text.Length
            : Math.Max(begins, text.AsSpan().CommonPrefixLength(_chat!.Render(talk.Until(i + 1), answer: false)));
        for (var at = begins; at < text.Length;)
        {
            var (found, length) = EndMarks.Select(mark => (At: text.IndexOf(mark, at, StringComparison.Ordinal), mark.Length))
                .Where(mark => mark.At >= 0).DefaultIfEmpty((text.Length, 0)).Min();
            if (length == 0) break;
            at = found + length;
            if (HasAll(found)) return HasAll(alone) ? Math.Min(alone, at) : at;
        }
        return alone;
    }

    /// <summary>A call that the template does not render would train the model to say nothing.</summary>
    private static void CheckCalls(Conversation talk, string text)
    {
        foreach (var message in talk.Messages)
        {
            if (message.Called.FirstOrDefault(name => !text.Contains(name, StringComparison.Ordinal)) is not { } lost) continue;
            var beside = message.Content.Trim().Length > 0 ? " beside what the message says" : "";
            throw Refused($"the chat template does not write the call of {lost}{beside}. "
                + "Take a model whose template writes calls, or leave the row out");
        }
    }

    private static RefusedInputException Refused(string message) => new("task.text.chat", message);

    /// <summary>Content passed to the template but missing from its output. Reasoning in the assistant's messages may be missing: published
    /// templates omit it.</summary>
    private IEnumerable<string> Unwritten(Conversation talk, string text)
    {
        bool IsThere(string said) => text.Contains(said.Trim(), StringComparison.Ordinal);
        static bool HasThoughts(ChatMessage message) =>
            message.Role == "assistant" && message.Content.Contains(ThoughtEnd, StringComparison.Ordinal);
        var names = (talk.Tools ?? []).Select(tool => tool!["function"]!["name"]!.GetValue<string>()).ToArray();
        if (names.Length > 0 && _chat!.HasPlaceForTools(talk) && !names.Any(IsThere)) yield return "tools";
        var missing = talk.Messages.Where(message => !HasThoughts(message) && !PartsOf(message).All(IsThere));
        foreach (var role in missing.Select(message => message.Role).Distinct()) yield return role;
    }

    /// <summary>A message's content, in the parts passed to the template.</summary>
    private static IEnumerable<string> PartsOf(ChatMessage message) =>
        message.Fields["content"] is JsonArray parts ? parts.Select(part => part!["text"]!.GetValue<string>()) : [message.Content];

    private string PromptOf(Conversation talk) => _chat!.Render(talk.Until(talk.Messages.Count - 1), answer: true);

    /// <summary>A conversation as generated: its last answer follows its prompt, even if the template renders a finished conversation
    /// differently (Mistral puts the system message before the last question, DeepSeek-R1 removes reasoning).</summary>
    private string TextOf(Conversation talk, string prompt)
    {
        var whole = _chat!.Render(talk, answer: false);
        var answer = talk.Messages[^1];
        if (whole.StartsWith(prompt, StringComparison.Ordinal) || (answer.Content.Trim().Length == 0 && answer.Calls is null)) return whole;
        var at = answer.Calls is null ? whole.LastIndexOf(answer.Content.Trim(), StringComparison.Ordinal) : CallAt(talk, whole);
        return at < 0 ? whole : prompt + whole[at..];
    }

    /// <summary>The start of a call: the first difference from the text of another answer.</summary>
    private int CallAt(Conversation talk, string whole)
    {
        var other = talk with { Messages = [.. talk.Messages.SkipLast(1), ChatMessage.Of("assistant", "\u0001")] };
        return whole.AsSpan().CommonPrefixLength(_chat!.Render(_chat.Fitted(other), answer: false));
    }

    /// <summary>The last answer as rendered by the template, without special tokens.</summary>
    private string AnswerOf(Conversation talk)
    {
        var prompt = PromptOf(talk);
        var text = TextOf(talk, prompt);
        if (!text.StartsWith(prompt, StringComparison.Ordinal)) return talk.Messages[^1].Shown;
        var end = EndOf(talk, talk.Messages.Count - 1, text, prompt.Length);
        var answer = text[prompt.Length..end];
        foreach (var token in SpecialTexts.Concat(EndMarks)) answer = answer.Replace(token, "", StringComparison.Ordinal);
        return answer.Trim();
    }

    /// <summary>The special token that the template puts after an answer; it may differ from the model's own end token, as in base models
    /// that come with a template.</summary>
    private int? EndOfTurn()
    {
        const string Answer = "answer";
        try
        {
            var talk = new Conversation([ChatMessage.Of("user", "question"), ChatMessage.Of("assistant", Answer)]);
            var text = _chat!.Render(_chat.Fitted(talk), answer: false);
            var at = text.LastIndexOf(Answer, StringComparison.Ordinal);
            return at >= 0 && Tokenizer.EncodeBare(text[(at + Answer.Length)..].TrimStart()) is [var first, ..]
                && Tokenizer.SpecialIds.Contains(first) ? first : null;
        }
        catch (RefusedInputException)
        {
            return null; // a template that needs more than a question and an answer is validated when a row is rendered
        }
    }

    private string[] TextsOf(IEnumerable<int> ids) =>
        [.. ids.Select(id => Tokenizer.Decode([id], skipSpecialTokens: false)).Where(text => text.Length > 0)];

    private static int Common(int[] a, int[] b)
    {
        var length = 0;
        while (length < a.Length && length < b.Length && a[length] == b[length]) length++;
        return length;
    }

    /// <summary>A text with its answers: token ranges, in order.</summary>
    private sealed record RenderedText(int[] Ids, IReadOnlyList<(int From, int To)> Answers)
    {
        /// <summary>Number of answers to train on that cannot be located.</summary>
        public int Unlocated { get; init; }

        public IReadOnlyList<string> Unwritten { get; init; } = [];
    }
}
