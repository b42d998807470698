using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using LoraDrop.Domain;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Reads SentencePiece's protocol buffer (Kudo and Richardson 2018): BPE as in Llama 1 and 2, or a unigram model.</summary>
internal static class SentencePieceFile
{
    private const string Blank = PreTokenizers.Blank;

    public enum PieceType { Normal = 1, Unknown, Control, UserDefined, Unused, Byte }

    /// <param name="Text">Its text, with ▁ for a blank.</param>
    /// <param name="Score">Its log probability (unigram), or a merge priority, highest first (BPE).</param>
    /// <param name="Type">Its kind.</param>
    public sealed record Piece(string Text, float Score, PieceType Type);

    /// <summary>The contents of a model file.</summary>
    /// <param name="File">Its path.</param>
    /// <param name="Pieces">The pieces, by id.</param>
    /// <param name="Trainer">Numbers in the trainer's settings, by field.</param>
    /// <param name="Normalizer">Numbers in the normalizer's settings, by field.</param>
    /// <param name="Map">The normalizer's character map; empty if texts are unchanged.</param>
    public sealed record Contents(
        string File, List<Piece> Pieces, Dictionary<int, long> Trainer, Dictionary<int, long> Normalizer, byte[] Map)
    {
        public string Kind => Trainer.GetValueOrDefault(3, 1L) switch
        {
            1 => "unigram",
            2 => "BPE",
            3 => "word",
            4 => "char",
            var other => $"{other}",
        };

        /// <summary>Whether to put a blank before each text.</summary>
        public bool Prefix => Normalizer.GetValueOrDefault(3, 1L) != 0;

        /// <summary>Whether to trim white space at the ends and collapse repeated blanks.</summary>
        public bool SingleBlanks => Normalizer.GetValueOrDefault(4, 1L) != 0;

        public bool HasBytes => Pieces.Exists(piece => piece.Type == PieceType.Byte);

        /// <summary>The id of a special token stated in the model's settings, or of a piece with the usual name; −1 if there is
        /// none.</summary>
        public int IdOf(string? named, string usual, int field, int otherwise)
        {
            if (named is not null && Pieces.FindIndex(piece => piece.Text == named) is >= 0 and var id) return id;
            var stated = (int)Trainer.GetValueOrDefault(field, otherwise);
            return stated >= 0 && stated < Pieces.Count ? stated : Pieces.FindIndex(piece => piece.Text == usual);
        }
    }

    /// <exception cref="RefusedInputException">The file is not a SentencePiece model, is damaged, or of an unsupported kind.</exception>
    public static TokenizerSteps Read(string file, SpecialTokenNames names)
    {
        var model = Parse(file);
        var known = new HashSet<string>(model.Pieces.Count);
        foreach (var (id, piece) in model.Pieces.Index())
            if (!known.Add(piece.Text))
                throw new RefusedInputException(file, $"names the piece {id} '{PlainText.Shown(piece.Text)}' twice");
        if (model.Kind == "unigram") return UnigramFile.Read(model, names);
        if (model.Kind != "BPE")
            throw new RefusedInputException(file, $"holds a SentencePiece model of the kind {model.Kind}; unigram and BPE are supported.");
        return UnigramFile.ClassOf(names) is not { } kind ? BytePair(model, names)
            : throw new RefusedInputException(file, $"holds BPE, and a {kind} has a unigram model. Take both from the same place.");
    }

    private static TokenizerSteps BytePair(Contents model, SpecialTokenNames names)
    {
        var pieces = model.Pieces;
        var vocabulary = pieces.Index().ToDictionary(piece => piece.Item.Text, piece => piece.Index);
        if (model.Map.Length > 0)
            throw new RefusedInputException(
                model.File,
                "holds BPE and rewrites texts by a table of its own (precompiled_charsmap), which transformers ignores and SentencePiece "
                + "does not. Save the tokenizer as tokenizer.json.");
        var unknown = pieces.FindIndex(piece => piece.Type == PieceType.Unknown);
        int begin = model.IdOf(names.Of("bos_token"), "<s>", 41, 1), end = model.IdOf(names.Of("eos_token"), "</s>", 42, 2);
        string Normalize(string text) =>
            (model.Prefix && text.Length > 0 ? Blank + text : text).Replace(" ", Blank, StringComparison.Ordinal);
        AddedToken[] added = [.. pieces.Index().Where(p => p.Item.Type is PieceType.Control or PieceType.Unknown or PieceType.UserDefined)
            .Select(p => new AddedToken(p.Item.Text, p.Index, Special: p.Item.Type != PieceType.UserDefined))];
        int[] before = names.Config["add_bos_token"].Flag(true) && begin >= 0 ? [begin] : [],
            after = names.Config["add_eos_token"].Flag(false) && end >= 0 ? [end] : [];
        return new(Normalize, new AddedTokens(names.AddedTo(added), Normalize), PreTokenizers.Whole,
            new BytePairModel(vocabulary, Merges(pieces, vocabulary))
        {
            UnknownToken = unknown < 0 ? null : pieces[unknown].Text,
            FuseUnknown = true,
            ByteFallback = model.HasBytes,
        }, SequenceTemplate.Around(before, after), Decoders.Sentence(model.Prefix));
    }

    /// <summary>Converts Llama-style pieces (unknown, begin and end first, then bytes) to a tokenizer.json.</summary>
    /// <param name="pieces">Pieces with their scores, by id; blanks are plain blanks.</param>
    public static string ToTokenizerJson(IReadOnlyList<(string Piece, float Score)> pieces)
    {
        string[] special = ["<unk>", "<s>", "</s>"];
        List<Piece> all = [.. pieces.Select((piece, id) => id < special.Length
            ? new Piece(special[id], piece.Score, PieceType.Control)
            : new Piece(piece.Piece.Replace(" ", Blank, StringComparison.Ordinal), piece.Score, PieceType.Normal))];
        var vocabulary = new Dictionary<string, int>();
        foreach (var (id, piece) in all.Index()) vocabulary.TryAdd(piece.Text, id);
        var merges = Merges([.. all.Where(piece => piece.Type == PieceType.Normal && !IsByte(piece.Text))], vocabulary)
            .Select(merge => (JsonNode)new JsonArray(merge.Left, merge.Right));
        JsonObject Replace(string from, string to) =>
            new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = from }, ["content"] = to };
        JsonObject Token(string name) => new() { ["SpecialToken"] = new JsonObject { ["id"] = name, ["type_id"] = 0 } };
        JsonObject Text(string id, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = id, ["type_id"] = type } };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(
            [.. special.Select((token, id) => (JsonNode)new JsonObject { ["id"] = id, ["content"] = token, ["single_word"] = false,
            ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true })]),
            ["normalizer"] = new JsonObject { ["type"] = "Sequence",
            ["normalizers"] = new JsonArray(new JsonObject { ["type"] = "Prepend", ["prepend"] = Blank }, Replace(" ", Blank)) },
            ["pre_tokenizer"] = null,
            ["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing", ["single"] = new JsonArray(Token("<s>"), Text("A", 0)),
                ["pair"] = new JsonArray(Token("<s>"), Text("A", 0), Token("<s>"), Text("B", 1)),
                ["special_tokens"] = new JsonObject { ["<s>"] = new JsonObject { ["id"] = "<s>", ["ids"] = new JsonArray(1),
                ["tokens"] = new JsonArray("<s>") } },
            },
            ["decoder"] = new JsonObject { ["type"] = "Sequence",
            ["decoders"] = new JsonArray(Replace(Blank, " "), new JsonObject { ["type"] = "ByteFallback" },
            new JsonObject { ["type"] = "Fuse" }, new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }) },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["unk_token"] = "<unk>", ["fuse_unk"] = true, ["byte_fallback"] = true,
                ["vocab"] = new JsonObject(vocabulary.Select(token => KeyValuePair.Create(token.Key, (JsonNode?)token.Value))),
                ["merges"] = new JsonArray([.. merges]),
            },
        }.ToJsonString(
        new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    private static bool IsByte(string piece) => piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal);

    /// <summary>Every way to make a piece from two others, highest score first; all ways to make a piece share a rank, so that the leftmost
    /// is merged first, as in SentencePiece.</summary>
    private static List<(string Left, string Right, int Rank)> Merges(List<Piece> pieces, Dictionary<string, int> vocabulary)
    {
        var merges = new List<(string, string, int)>();
        var usable = pieces.Where(piece => piece.Type is PieceType.Normal or PieceType.UserDefined).OrderByDescending(piece => piece.Score);
        foreach (var (rank, piece) in usable.Index())
            for (var at = 1; at < piece.Text.Length; at++)
            {
                if (char.IsLowSurrogate(piece.Text[at])) continue;
                string left = piece.Text[..at], right = piece.Text[at..];
                if (vocabulary.ContainsKey(left) && vocabulary.ContainsKey(right)) merges.Add((left, right, rank));
            }
        return merges;
    }

    private static Contents Parse(string file)
    {
        var model = new Contents(file, [], [], [], []);
        try
        {
            foreach (var (field, content) in Fields(File.ReadAllBytes(file)))
            {
                if (field == 1) model.Pieces.Add(PieceOf(content.Bytes));
                else if (field == 2) model = model with { Trainer = Numbers(content.Bytes) };
                else if (field == 3) model = model with { Normalizer = Numbers(content.Bytes), Map = MapOf(content.Bytes) };
            }
        }
        catch (Exception damaged) when (damaged is InvalidDataException or ArgumentException or OverflowException)
        {
            throw new RefusedInputException(file, $"is no SentencePiece model, or damaged: {damaged.Message}");
        }
        return model.Pieces.Count > 0 ? model : throw new RefusedInputException(file, "is no SentencePiece model: it holds no pieces");
    }

    private static byte[] MapOf(byte[] normalizer) => Fields(normalizer).LastOrDefault(part => part.Field == 2).Content.Bytes ?? [];

    private static Piece PieceOf(byte[] message)
    {
        var (text, score, type) = ("", 0f, PieceType.Normal);
        foreach (var (field, content) in Fields(message))
        {
            if (field == 1) text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(content.Bytes);
            else if (field == 2) score = BinaryPrimitives.ReadSingleLittleEndian(content.Bytes);
            else if (field == 3) type = (PieceType)content.Number;
        }
        return text.Length > 0 ? new(text, score, type) : throw new InvalidDataException("a piece has no text");
    }

    private static Dictionary<int, long> Numbers(byte[] message)
    {
        var numbers = new Dictionary<int, long>();
        foreach (var (field, content) in Fields(message))
        {
            if (content.Bytes.Length == 0) numbers[field] = content.Number;
        }
        return numbers;
    }

    /// <summary>The fields of a protocol buffer message.</summary>
    private static IEnumerable<(int Field, (long Number, byte[] Bytes) Content)> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var key = Varint(message, ref at);
            var (field, wire) = ((int)(key >> 3), (int)(key & 7));
            if (wire == 0) yield return (field, (Varint(message, ref at), []));
            else
            {
                var length = wire switch { 1 => 8, 5 => 4, 2 => Varint(message, ref at), _ =>
                    throw new InvalidDataException($"byte {at} begins a field of an unknown kind") };
                if (length < 0 || length > message.Length - at)
                    throw new InvalidDataException($"a field at byte {at} needs {length} bytes, and {message.Length - at} are left");
                yield return (field, (0, message[at..(at + (int)length)]));
                at += (int)length;
            }
        }
    }

    private static long Varint(byte[] message, ref int at)
    {
        long value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= message.Length) throw new InvalidDataException($"it ends within a number, at byte {at}");
            var part = message[at++];
            value |= (long)(part & 0x7F) << shift;
            if (part < 0x80) return value;
        }
        throw new InvalidDataException($"a number at byte {at} does not end");
    }
}
