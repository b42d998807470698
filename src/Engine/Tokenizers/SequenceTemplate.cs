using System.Runtime.InteropServices;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>The special tokens around a single text and around a pair (<c>post_processor</c>).</summary>
internal sealed class SequenceTemplate(IReadOnlyList<SequenceTemplate.Part> single, IReadOnlyList<SequenceTemplate.Part> pair)
{
    public enum Slot { Special, First, Second }

    /// <param name="Slot">The item at this place.</param>
    /// <param name="TypeId">The type of all ids here.</param>
    /// <param name="Ids">The special tokens, for <see cref="Slot.Special"/>.</param>
    public sealed record Part(Slot Slot, int TypeId, params int[] Ids);

    /// <summary>No special tokens; the second text has type 1.</summary>
    public static readonly SequenceTemplate Plain = new([new(Slot.First, 0)], [new(Slot.First, 0), new(Slot.Second, 1)]);

    /// <summary><c>&lt;s&gt; A &lt;/s&gt;</c> and <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>, all of type 0.</summary>
    public static SequenceTemplate Roberta(int start, int end) => new(
        [new(Slot.Special, 0, start), new(Slot.First, 0), new(Slot.Special, 0, end)],
        [new(Slot.Special, 0, start), new(Slot.First, 0), new(Slot.Special, 0, end, end), new(Slot.Second, 0), new(Slot.Special, 0, end)]);

    /// <summary><c>[CLS] A [SEP]</c> and <c>[CLS] A [SEP] B [SEP]</c>; <c>B [SEP]</c> has type 1.</summary>
    public static SequenceTemplate Bert(int start, int end) => new(
        [new(Slot.Special, 0, start), new(Slot.First, 0), new(Slot.Special, 0, end)],
        [new(Slot.Special, 0, start), new(Slot.First, 0), new(Slot.Special, 0, end), new(Slot.Second, 1), new(Slot.Special, 1, end)]);

    /// <summary>The given special tokens before and after each text.</summary>
    public static SequenceTemplate Around(int[] before, int[] after) => new(
        [new(Slot.Special, 0, before), new(Slot.First, 0), new(Slot.Special, 0, after)],
        [new(Slot.Special, 0, before), new(Slot.First, 0), new(Slot.Special, 0, after), new(Slot.Special, 1, before), new(Slot.Second, 1),
        new(Slot.Special, 1, after)]);

    /// <exception cref="Domain.RefusedInputException">The post-processor is not supported.</exception>
    public static SequenceTemplate From(JsonField field)
    {
        if (field.IsAbsent) return Plain;
        return field["type"].Text switch
        {
            "RobertaProcessing" => Roberta(IdOf(field["cls"]), IdOf(field["sep"])),
            "BertProcessing" => Bert(IdOf(field["cls"]), IdOf(field["sep"])),
            "TemplateProcessing" => new([.. Parts(field, "single")], [.. Parts(field, "pair")]),
            "ByteLevel" => Plain, // adjusts offsets, which are not kept here
            "Sequence" => OnlyOneOf(field["processors"]),
            var other => throw field["type"].Refused($"the post-processor '{other}' is not supported."),
        };
    }

    /// <summary>The special tokens before a single text.</summary>
    public int[] Before { get; } = [.. single.TakeWhile(part => part.Slot == Slot.Special).SelectMany(part => part.Ids)];

    /// <summary>All special tokens added around texts.</summary>
    public IEnumerable<int> SpecialIds => single.Concat(pair).SelectMany(part => part.Ids);

    /// <summary>Number of special tokens added around a single text or a pair.</summary>
    public int SpecialCount(bool ofPair) => (ofPair ? pair : single).Sum(part => part.Ids.Length);

    public TokenizedText Fill(List<int> first, List<int>? second)
    {
        var parts = second is null ? single : pair;
        var length = parts.Sum(part => Filled(part).Length);
        int[] ids = new int[length], types = new int[length];
        var done = 0;
        foreach (var part in parts)
        {
            var filled = Filled(part);
            filled.CopyTo(ids.AsSpan(done));
            types.AsSpan(done, filled.Length).Fill(part.TypeId);
            done += filled.Length;
        }
        return new TokenizedText(ids, types);

        ReadOnlySpan<int> Filled(Part part) => part.Slot switch { Slot.Special => part.Ids, Slot.First => CollectionsMarshal.AsSpan(first),
            Slot.Second => CollectionsMarshal.AsSpan(second!) };
    }

    private static int IdOf(JsonField tokenAndId) => tokenAndId.Items.ElementAtOrDefault(1) is { IsAbsent: false } id
        ? id.Number : throw tokenAndId.Refused("must be a token and its id.");

    private static IEnumerable<Part> Parts(JsonField field, string form)
    {
        foreach (var item in field[form].Items)
        {
            if (item["SpecialToken"] is { IsAbsent: false } special)
            {
                var ids = field["special_tokens"][special["id"].Text]["ids"].Items.Select(id => id.Number);
                yield return new Part(Slot.Special, special["type_id"].Number, [.. ids]);
            }
            else yield return new Part(item["Sequence"]["id"].Text == "A" ? Slot.First : Slot.Second, item["Sequence"]["type_id"].Number);
        }
    }

    private static SequenceTemplate OnlyOneOf(JsonField processors)
    {
        var templates = processors.Items.Select(From).Where(template => template != Plain).ToList();
        return templates.Count <= 1
            ? templates.FirstOrDefault(Plain)
            : throw processors.Refused("only one of them may add special tokens.");
    }
}
