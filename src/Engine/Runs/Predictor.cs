using LoraDrop.Domain;

namespace LoraDrop.Engine.Runs;

/// <summary>Answers single inputs with a finished adapter, and with the adapter switched off.</summary>
/// <param name="trained">The adapter on its base model.</param>
public sealed class Predictor(TrainedAdapter trained)
{
    private const int BatchSize = 32;

    /// <summary>Answers every input of a request, in order.</summary>
    /// <param name="request">The request.</param>
    /// <param name="onPiece">Called with pieces of text and finished answers, if the request asks for a stream.</param>
    /// <param name="cancel">Stops between two batches or tokens.</param>
    /// <exception cref="RefusedInputException">The inputs do not fit the task or the model.</exception>
    public IReadOnlyList<PredictedItem> Predict(PredictRequest request, Action<PredictedPiece> onPiece, CancellationToken cancel)
    {
        var faults = new List<Fault>();
        var inputs = request.Inputs(trained.Task, faults);
        var decoding = request.Decoding(trained.Task, faults);
        if (faults.Count > 0) throw new RefusedInputException(faults);
        return decoding is null ? Classify(inputs, request.Base, cancel) : Generate(inputs, request, decoding, onPiece, cancel);
    }

    private IReadOnlyList<PredictedItem> Classify(IReadOnlyList<PredictInput> inputs, bool withBase, CancellationToken cancel)
    {
        var set = new LabelledSet([.. inputs.Select(input => trained.Encoder.Encode(input.First, input.Second))],
            new double[inputs.Count]);
        PredictedAnswer[] Answers() => [.. Evaluation.Of(trained.Classifier, set, BatchSize, cancel).Logits.Select(AnswerOf)];
        var (adapted, plain) = (Answers(), withBase ? trained.Model.WithoutAdapter(Answers) : null);
        return [.. inputs.Index().Select(input => new PredictedItem(adapted[input.Index], plain?[input.Index],
            trained.Encoder.Cuts(input.Item.First, input.Item.Second)
                ? $"The input has more than {trained.Encoder.LongestText} tokens; it was cut at the end." : null))];
    }

    private PredictedAnswer AnswerOf(float[] logits)
    {
        if (logits.Any(logit => !float.IsFinite(logit))) throw new RefusedInputException("texts", "the model's answer is not a number");
        if (trained.Task.Kind == TaskKind.Regression) return new() { Score = logits[0] };
        var labels = trained.Task.Labels!;
        return new()
        {
            Label = labels[Evaluation.ArgMax(logits)],
            Probabilities = [.. labels.Index()
                .Select(label => new LabelProbability(label.Item, Evaluation.Probability(logits, label.Index)))
                .OrderByDescending(label => label.Probability)],
        };
    }

    private IReadOnlyList<PredictedItem> Generate(IReadOnlyList<PredictInput> inputs, PredictRequest request, DecodingSettings decoding,
        Action<PredictedPiece> onPiece, CancellationToken cancel)
    {
        var asked = inputs.Select(input => trained.Prompts.EncodeToAnswer(PromptOf(input), decoding.MaxNewTokens)).ToArray();
        var generator = new TextGenerator(trained.LanguageModel, trained.Prompts.Tokenizer, decoding, trained.Prompts.EndIds);
        string? RemarkOn(int index) =>
            asked[index].Cut ? "The prompt left too little room for an answer; it was cut from the left." : null;
        PredictedAnswer[] Answers(PredictionSource source)
        {
            var growing = asked.Select(_ => new GrowingText(trained.Prompts.Tokenizer, decoding.Stop)).ToArray();
            void Say(int index, string text)
            {
                if (text.Length > 0) onPiece(new(index, source, text));
            }
            var answers = generator.Answer([.. asked.Select(prompt => prompt.Ids)], decoding.BatchSize, request.Generation?.Seed ?? 42,
                cancel, onToken: request.Stream ? (index, token) => Say(index, growing[index].Add(token)) : null,
                onAnswer: request.Stream ? (index, answer) =>
                {
                    Say(index, growing[index].End(answer.Text));
                    onPiece(new(index, source, null, AnswerOf(answer), RemarkOn(index)));
                } : null);
            return [.. answers.Select(AnswerOf)];
        }
        var adapted = Answers(PredictionSource.Adapter);
        var plain = request.Base ? trained.Model.WithoutAdapter(() => Answers(PredictionSource.Base)) : null;
        return [.. inputs.Select((_, index) => new PredictedItem(adapted[index], plain?[index], RemarkOn(index)))];
    }

    private static PredictedAnswer AnswerOf(GeneratedText answer) =>
        new() { Text = answer.Text, Tokens = answer.Ids.Count, Finish = JsonText.NameOf(answer.End) };

    private static Prompt PromptOf(PredictInput input) => input.Messages is { } messages
        ? Prompt.Of("", new Conversation([.. messages.Select(message => ChatMessage.Of(message.Role, message.Content))]).Unanswered())
        : new("", input.First, "", [], "", null);
}
