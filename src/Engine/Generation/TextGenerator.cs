using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Generation;

/// <summary>Generates a language model's answers to prompts, in batches.</summary>
/// <remarks>The output depends on prompt, settings and seed, not on which prompts share a batch (except for the last bits of a
/// sum).</remarks>
public sealed class TextGenerator
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly DecodingSettings _decoding;
    private readonly int[] _ends;

    /// <param name="model">The model, with or without an adapter.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="decoding">How tokens are chosen.</param>
    /// <param name="ends">Tokens that end an answer.</param>
    public TextGenerator(LanguageModel model, Tokenizer tokenizer, DecodingSettings decoding, IEnumerable<int> ends)
    {
        (_model, _tokenizer, _decoding, _ends) = (model, tokenizer, decoding, [.. ends]);
    }

    /// <summary>Answers prompts, in order.</summary>
    /// <param name="prompts">Their tokens; not empty.</param>
    /// <param name="batchSize">Prompts per batch; those of similar length share one.</param>
    /// <param name="seed">Seeds sampling.</param>
    /// <param name="cancel">Stops between two tokens.</param>
    /// <param name="first">The index of the first prompt among all prompts answered with this seed: prompts given in parts are sampled as
    /// if given together.</param>
    /// <param name="onToken">Called with each generated token and the prompt's index; not in beam search, whose tokens can change.</param>
    /// <param name="onAnswer">Called with each finished answer and the prompt's index.</param>
    /// <exception cref="RefusedInputException">A prompt fills the model's context.</exception>
    public IReadOnlyList<GeneratedText> Answer(IReadOnlyList<int[]> prompts, int batchSize, long seed, CancellationToken cancel,
        int first = 0, Action<int, int>? onToken = null, Action<int, GeneratedText>? onAnswer = null)
    {
        if (prompts.Index().Where(p => p.Item.Length >= _model.Config.LongestText).Select(p => p.Index)
            .ToArray() is { Length: > 0 } tooLong)
            throw new RefusedInputException("prompt",
                $"{tooLong.Length} of {prompts.Count} prompts leave no room for an answer within the model's "
                + $"{_model.Config.LongestText} tokens; the first is number {tooLong[0] + 1}, with " + $"{prompts[tooLong[0]].Length}");
        using var _ = no_grad();
        _model.Masks.Off();
        var answers = new GeneratedText[prompts.Count];
        void Finish(int index, GeneratedText answer)
        {
            answers[index] = answer;
            onAnswer?.Invoke(index, answer);
        }
        foreach (var indices in Batches.LongestFirst([.. prompts.Select(p => p.Length)], Math.Max(1, batchSize / _decoding.Beams)))
        {
            using var scope = NewDisposeScope();
            using var batch = TokenBatch.EndingTogether([.. indices.Select(i => new TokenizedText(prompts[i], new int[prompts[i].Length]))],
                _model.Config.PadId, _model.Device);
            if (_decoding.Beams > 1) BeamSearch(prompts, indices, batch, Finish, cancel);
            else OneByOne(prompts, indices, batch, Finish, (seed, first), onToken, cancel);
        }
        return answers;
    }

    /// <summary>The most tokens in the answer to a prompt.</summary>
    private int RoomAfter(int[] prompt) => Math.Min(_decoding.MaxNewTokens, _model.Config.LongestText - prompt.Length);

    private void OneByOne(IReadOnlyList<int[]> prompts, int[] indices, TokenBatch batch, Action<int, GeneratedText> finish,
        (long Seed, int First) draws, Action<int, int>? onToken, CancellationToken cancel)
    {
        using var cache = new KeyValueCache(_model.Config.Layers);
        var open = indices.Select(i => new Open(i, [.. prompts[i]], prompts[i].Length,
            SplitMix64.For(draws.Seed, "answer", draws.First + i))).ToList();
        var logits = _model.Next(batch, cache);                                  // (B, V)
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var chosen = Choose(logits, open);
            var stay = new List<long>();
            foreach (var (row, token) in chosen.Index())
            {
                var text = open[row];
                var ended = _ends.Contains(token);
                if (!ended)
                {
                    text.Tokens.Add(token);
                    onToken?.Invoke(text.Index, token);
                }
                if (Ended(text.Answer, ended, RoomAfter(prompts[text.Index])) is { } answer) finish(text.Index, answer);
                else stay.Add(row);
            }
            logits.Dispose();
            if (stay.Count == 0) return;
            if (stay.Count < open.Count)
            {
                using var rows = tensor(stay.ToArray(), device: _model.Device);
                cache.Select(rows);
                open = [.. stay.Select(row => open[(int)row])];
            }
            logits = Step(cache, open.Select(text => text.Tokens));
        }
    }

    private int[] Choose(Tensor logits, List<Open> open)                         // (B, V)
    {
        if (_decoding.Temperature == 0 && !_decoding.ChangesScores())
        {
            using var best = logits.argmax(-1).cpu();                            // (B)
            return [.. best.data<long>().Select(token => (int)token)];
        }
        var scores = RowsOf(logits);
        return [.. open.Index().Select(text =>
        {
            var changed = _decoding.Processed(scores[text.Index], text.Item.Tokens, text.Item.Answer.Count, _ends);
            return _decoding.Temperature == 0 ? Array.IndexOf(changed, changed.Max()) : _decoding.Draw(changed, text.Item.Random);
        })];
    }

    /// <summary>Logits after the last token of each row.</summary>
    private Tensor Step(KeyValueCache cache, IEnumerable<IReadOnlyList<int>> rows)
    {
        using var scope = NewDisposeScope();
        var all = rows.ToArray();
        Tensor ids = tensor(all.Select(row => (long)row[^1]).ToArray(), device: _model.Device).unsqueeze(1),
            positions = tensor(all.Select(row => row.Count - 1L).ToArray(), device: _model.Device).unsqueeze(1); // (B, 1)
        using var batch = TokenBatch.Next(ids, positions);
        return _model.Next(batch, cache).MoveToOuterDisposeScope();              // (B, V)
    }

    /// <summary>The answer if it is finished, or null.</summary>
    private GeneratedText? Ended(IReadOnlyList<int> tokens, bool ended, int room)
    {
        if (_decoding.Stop.Count > 0 && Stopped(tokens) is { } text) return new(tokens, text, AnswerEnd.Stop);
        return ended ? new(tokens, TextOf(tokens), AnswerEnd.End) : tokens.Count >= room
            ? new(tokens, TextOf(tokens), AnswerEnd.Length)
            : null;
    }

    private string? Stopped(IReadOnlyList<int> tokens)
    {
        var text = TextOf(tokens);
        var at = _decoding.Stop.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        return at < 0 ? null : text[..at];
    }

    private string TextOf(IReadOnlyList<int> tokens) => _tokenizer.Decode(tokens);

    private static float[][] RowsOf(Tensor logits)
    {
        using var here = logits.cpu();
        var (numbers, V) = (here.data<float>().ToArray(), (int)logits.shape[1]);
        return [.. Enumerable.Range(0, (int)logits.shape[0]).Select(row => numbers[(row * V)..((row + 1) * V)])];
    }

    /// <summary>Extends K texts per prompt in parallel, as transformers' beam search does (without early stopping).</summary>
    private void BeamSearch(IReadOnlyList<int[]> prompts, int[] indices, TokenBatch batch, Action<int, GeneratedText> finish,
        CancellationToken cancel)
    {
        var K = _decoding.Beams;
        using var cache = new KeyValueCache(_model.Config.Layers);
        var open = indices.Select(i => new Search(i, prompts[i], RoomAfter(prompts[i]), _decoding)).ToList();
        var first = _model.Next(batch, cache);                                   // (B, V)
        using var spread = tensor(Enumerable.Range(0, indices.Length).SelectMany(row => Enumerable.Repeat((long)row, K)).ToArray(),
            device: _model.Device);
        cache.Select(spread);                                                    // each prompt K times
        var logits = first.index_select(0, spread);                              // (B·K, V)
        first.Dispose();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            using var logP = nn.functional.log_softmax(logits, -1);              // (B·K, V)
            var scores = RowsOf(logP);
            logits.Dispose();
            var (stay, rows) = (new List<Search>(), new List<long>());
            foreach (var (place, search) in open.Index())
            {
                var from = search.Advance(scores.AsSpan(place * K, K), _ends, tokens => Stopped(tokens) is not null);
                if (search.Done)
                {
                    var best = search.Best;
                    finish(search.Index, Ended(best.Answer, best.Ended, 0)!);
                    continue;
                }
                stay.Add(search);
                rows.AddRange(from.Select(beam => (long)place * K + beam));
            }
            if (stay.Count == 0) return;
            open = stay;
            using var chosen = tensor(rows.ToArray(), device: _model.Device);
            cache.Select(chosen);
            logits = Step(cache, open.SelectMany(search => search.Texts));
        }
    }

    /// <summary>An unfinished text.</summary>
    private sealed record Open(int Index, List<int> Tokens, int Prompt, SplitMix64 Random)
    {
        public IReadOnlyList<int> Answer => Tokens[Prompt..];
    }
}
