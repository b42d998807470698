using System.CommandLine;
using System.Globalization;
using LoraDrop.Domain;

namespace LoraDrop.Cli;

/// <summary>Answers prompts with a trained adapter.</summary>
internal sealed class GenerateCommand : AdapterCommand
{
    private readonly Option<string?> _prompt =
        new("--prompt") { Description = "A prompt (default: prompts from standard input, one per line). For an adapter trained on "
            + "conversations, the user's message" };
    private readonly Option<string?> _conversations = new("--conversations")
    {
        Description = "For an adapter trained on conversations: a file (.jsonl or .json) of conversations to answer, "
            + "as they are to learn from (tools, system and all) but for the last answer",
    };
    private readonly Option<int?> _tokens = new("--max-new-tokens") { Description = "Maximum tokens per answer (default: as in training)" };
    private readonly Option<int?> _beams = new("--beams") { Description = "Beams of the search (default: as in training)" };
    private readonly Option<double?> _temperature =
        new("--temperature") { Description = "Sampling temperature; 0 always takes the likeliest token (0)" };
    private readonly Option<double?> _topP =
        new("--top-p") { Description = "Sample from the likeliest tokens that reach this probability together (1)" };
    private readonly Option<int?> _topK = new("--top-k") { Description = "Sample from this many of the likeliest tokens (all)" };
    private readonly Option<double?> _repetition =
        new("--repetition-penalty") { Description = "Above 1, makes tokens that occurred less likely (1)" };
    private readonly Option<string[]> _stop =
        new("--stop") { Description = "Text that ends an answer; may be repeated", DefaultValueFactory = _ => [] };
    private readonly Option<long> _seed = new("--seed") { Description = "Seed for sampling", DefaultValueFactory = _ => 42 };

    public GenerateCommand() : base("generate", "Answer prompts with a trained adapter")
    {
        foreach (var option in (Option[])[_prompt, _conversations, _tokens, _beams, _temperature, _topP, _topK, _repetition, _stop,
            _seed]) Add(option);
    }

    protected override void Run(ParseResult options, TrainedAdapter trained, Session session, CancellationToken cancel)
    {
        var model = trained.LanguageModel;
        var trainedWith = trained.Task.Decoding!;
        var temperature = options.GetValue(_temperature) ?? trainedWith.Temperature;
        var decoding = trainedWith with
        {
            MaxNewTokens = options.GetValue(_tokens) ?? trainedWith.MaxNewTokens,
            Beams = options.GetValue(_beams) ?? (temperature > 0 ? 1 : trainedWith.Beams),
            Temperature = temperature,
            TopP = options.GetValue(_topP) ?? trainedWith.TopP,
            TopK = options.GetValue(_topK) ?? trainedWith.TopK,
            RepetitionPenalty = options.GetValue(_repetition) ?? trainedWith.RepetitionPenalty,
            Stop = options.GetValue(_stop) is { Length: > 0 } stop ? stop : trainedWith.Stop,
        };
        Fault[] faults = [.. decoding.Faults("decoding")];
        if (faults.Length > 0) throw new RefusedInputException(faults);
        foreach (var (part, chunk) in Asked(options, trained, session).Chunk(decoding.BatchSize).Index())
        {
            var answers = Answers.Of(model, trained.Prompts, [.. chunk.Select(asked => asked.Prompt)], decoding, options.GetValue(_seed),
                cancel, part * decoding.BatchSize);
            if (answers.Remark is { } remark) session.Note(remark);
            foreach (var ((_, answer), (_, text)) in answers.Items.Zip(chunk))
            {
                session.Say(answer.Text.Trim());
                session.Tell(new { Event = "answer", Prompt = text, Answer = answer.Text,
                    End = answer.End.ToString().ToLower(CultureInfo.InvariantCulture), Tokens = answer.Ids.Count });
            }
        }
    }

    /// <summary>The prompts, each with what is shown beside its answer.</summary>
    private IEnumerable<(Prompt Prompt, object Shown)> Asked(ParseResult options, TrainedAdapter trained, Session session)
    {
        var isChat = trained.Task.TextChoices is [{ Chat: true }];
        if (options.GetValue(_conversations) is not { } path)
            return [.. (options.GetValue(_prompt) is { } one ? [one] : Lines()).Select(text => (PromptOf(isChat, text), (object)text))];
        if (!isChat) throw Refused("belongs to an adapter that was trained on conversations; this one answers prompts: --prompt");
        if (options.GetValue(_prompt) is not null) throw Refused("does not go with --prompt: give one of them");
        var remarks = new List<string>();
        var file = trained.Prompts.Fitted(PromptFile.ReadUnanswered(path), remarks);
        foreach (var remark in remarks) session.Note(remark);
        return file.Prompts.Select(prompt => (prompt, (object)prompt.Conversation!.Messages.SkipLast(1).Select(message => message.Fields)));

        static RefusedInputException Refused(string message) => new("--conversations", message);
    }

    /// <summary>The prompt as typed; for conversations, the user's message without an answer.</summary>
    private static Prompt PromptOf(bool isChat, string text) =>
        isChat ? Prompt.Of("", new Conversation([ChatMessage.Of("user", text)]).Unanswered()) : new("", text, "", [], "", null);

    private static IEnumerable<string> Lines()
    {
        while (Console.In.ReadLine() is { } line)
            if (line.Length > 0) yield return line;
    }
}
