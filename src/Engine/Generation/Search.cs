using LoraDrop.Domain;

namespace LoraDrop.Engine.Generation;

/// <summary>Beam search for one prompt: K unfinished texts, and the best finished ones.</summary>
internal sealed class Search
{
    private const double Never = -1e9;

    private readonly int _prompt, _room;
    private readonly DecodingSettings _decoding;
    private readonly List<Hypothesis> _ended = [];
    private List<Beam> _beams;

    public Search(int index, int[] prompt, int room, DecodingSettings decoding)
    {
        (Index, _prompt, _room, _decoding) = (index, prompt.Length, room, decoding);
        // all beams start alike, so only one may fork
        _beams = [.. Enumerable.Range(0, decoding.Beams).Select(k => new Beam([.. prompt], k == 0 ? 0 : Never))];
    }

    /// <summary>An unfinished text, and Σ log p of its generated tokens.</summary>
    private sealed record Beam(IReadOnlyList<int> Tokens, double Score);

    /// <summary>A finished answer.</summary>
    /// <param name="Answer">Its tokens, without the end token.</param>
    /// <param name="Score">Σ log p, normalised by length as in <see cref="BeamScore"/>.</param>
    /// <param name="Ended">Whether the model ended it.</param>
    public sealed record Hypothesis(IReadOnlyList<int> Answer, double Score, bool Ended);

    public int Index { get; }

    public bool Done { get; private set; }

    public IEnumerable<IReadOnlyList<int>> Texts => _beams.Select(beam => beam.Tokens);

    public Hypothesis Best => _ended.MaxBy(hypothesis => hypothesis.Score)!;

    /// <summary>Extends each beam by one token.</summary>
    /// <param name="logP">For each beam the log-probabilities of the next token.</param>
    /// <param name="ends">Tokens that end a text.</param>
    /// <param name="stops">Whether an answer contains a stop text, and so is finished.</param>
    /// <returns>For each new beam, the index of the beam it continues.</returns>
    public int[] Advance(ReadOnlySpan<float[]> logP, int[] ends, Func<IReadOnlyList<int>, bool> stops)
    {
        var K = _decoding.Beams;
        var length = _beams[0].Tokens.Count - _prompt + 1; // of the answer including the next token
        var best = new PriorityQueue<(int Beam, int Token, double Score), (double, int, int)>();
        var least = double.NegativeInfinity; // the score a candidate must exceed
        for (var k = 0; k < K; k++)
        {
            var scores = _decoding.Processed(logP[k], _beams[k].Tokens, length - 1, ends);
            for (var token = 0; token < scores.Length; token++)
            {
                var score = _beams[k].Score + scores[token];
                if (score <= least) continue; // on ties the first beam wins, and its first token
                if (best.Count == 2 * K) best.Dequeue();
                best.Enqueue((k, token, score), (score, -k, -token));
                if (best.Count == 2 * K && best.TryPeek(out _, out var worst)) least = worst.Item1;
            }
        }
        var candidates = new List<(int Beam, int Token, double Score)>();
        while (best.TryDequeue(out var candidate, out _)) candidates.Add(candidate);
        candidates.Reverse();

        var (next, from) = (new List<Beam>(), new List<int>());
        foreach (var (rank, (beam, token, score)) in candidates.Index())
        {
            if (ends.Contains(token))
            {
                if (rank < K)
                    Add(new(_beams[beam].Tokens.Skip(_prompt).ToArray(), BeamScore.Of(score, length, _decoding.LengthPenalty), true));
                continue;
            }
            int[] tokens = [.. _beams[beam].Tokens, token];
            if (_decoding.Stop.Count > 0 && stops(tokens[_prompt..]))
            {
                if (rank < K) Add(new(tokens[_prompt..], BeamScore.Of(score, length, _decoding.LengthPenalty), false));
                continue;
            }
            next.Add(new(tokens, score));
            from.Add(beam);
            if (next.Count == K) break;
        }
        Done = _ended.Count >= K && _ended.Min(h => h.Score) >= BeamScore.Of(candidates[0].Score, length, _decoding.LengthPenalty);
        if (!Done && (length >= _room || next.Count < K))
        {
            foreach (var beam in next.Where(beam => beam.Score > Never / 2))
                Add(new(beam.Tokens.Skip(_prompt).ToArray(), BeamScore.Of(beam.Score, length, _decoding.LengthPenalty), false));
            Done = true;
        }
        _beams = next;
        return [.. from];
    }

    /// <summary>Adds a finished answer and keeps the K best.</summary>
    private void Add(Hypothesis hypothesis)
    {
        _ended.Add(hypothesis);
        if (_ended.Count > _decoding.Beams) _ended.Remove(_ended.MinBy(h => h.Score)!);
    }
}
