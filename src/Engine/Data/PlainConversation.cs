using System.Text;
using System.Text.Json;

namespace LoraDrop.Engine.Data;

/// <summary>Reads a conversation of the most common form as text and label: a list of messages with a role and a text each, and plain
/// values beside it. Any other form is left to <see cref="ConversationReader"/>, which reports all faults.</summary>
/// <remarks>The result equals that of <see cref="ConversationCells.AsAny"/>, without allocating objects per message: a file of such rows is
/// inspected about six times as fast.</remarks>
internal sealed class PlainConversation
{
    private static readonly byte[][] Lists = [.. ConversationReader.Lists.Select(Encoding.UTF8.GetBytes)];

    /// <summary>The names of the roles, except those of messages that are calls.</summary>
    private static readonly (byte[] Name, bool Assistant, bool MayBeEmpty)[] Roles =
        [.. ConversationReader.RoleOf.Where(role => role.Key is not ("function_call" or "function" or "observation")).Select(role =>
            (Encoding.UTF8.GetBytes(role.Key), role.Value == "assistant", ConversationReader.MayBeEmpty(role.Value)))];

    /// <summary>Fields that change the meaning of the messages, or are already columns of the conversation.</summary>
    private static readonly byte[][] Meaningful =
    [
        "system"u8.ToArray(), "tools"u8.ToArray(), "functions"u8.ToArray(),
        "chat_template_kwargs"u8.ToArray(), "text"u8.ToArray(), "label"u8.ToArray(),
    ];

    private readonly JsonScan _row = new(), _message = new();
    private readonly List<JsonScan.Member> _otherFields = [];
    private byte[] _said = new byte[1 << 12];
    private int _length, _before;

    /// <summary>The messages before the answer of the last row read, one per line, as UTF-8.</summary>
    public ReadOnlySpan<byte> Text => _said.AsSpan(0, Math.Max(0, _before - 1));

    /// <summary>The answer, as UTF-8.</summary>
    public ReadOnlySpan<byte> Label => _said.AsSpan(_before, _length - _before);

    /// <summary>The members beside the messages; names are unique.</summary>
    public IReadOnlyList<JsonScan.Member> OtherFields => _otherFields;

    /// <summary>Tries to read a row; false if it has another form or a fault.</summary>
    public bool TryRead(ReadOnlySpan<byte> json)
    {
        if (!_row.TryRead(json)) return false;
        _otherFields.Clear();
        var list = -1;
        foreach (var member in _row.Members)
        {
            if (IsOneOf(Lists, member.Name(json)))
            {
                if (list >= 0 || member.Type != JsonTokenType.StartArray) return false;
                list = member.ValueStart;
            }
            else if (IsPlain(member, json)) _otherFields.Add(member);
            else return false;
        }
        return list >= 0 && !IsAnyTwice(json) && TryMessages(json, list);
    }

    /// <summary>Whether a value contains nothing that could be a fault.</summary>
    private static bool IsPlain(JsonScan.Member member, ReadOnlySpan<byte> json) =>
        !IsOneOf(Meaningful, member.Name(json)) && member.Type switch
    {
        JsonTokenType.String => !member.Escaped,
        JsonTokenType.Number => JsonCells.IsShortest(member.Value(json)),
        JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null => true,
        _ => false,
    };

    private bool IsAnyTwice(ReadOnlySpan<byte> json)
    {
        const int Most = 32;   // compared one by one
        if (_otherFields.Count > Most) return true;
        for (var i = 0; i < _otherFields.Count; i++)
            for (var j = 0; j < i; j++)
                if (_otherFields[i].Name(json).SequenceEqual(_otherFields[j].Name(json))) return true;
        return false;
    }

    private bool TryMessages(ReadOnlySpan<byte> json, int at)
    {
        (_length, _before) = (0, 0);
        var (messages, answered) = (0, false);
        JsonScan.Take(json, ref at, '[');
        do
        {
            JsonScan.SkipBlanks(json, ref at);
            if (messages++ > 0)
            {
                Room(1)[0] = (byte)'\n';
                _length++;
            }
            _before = _length;
            if (!_message.TryRead(json, ref at) || !TryMessage(json, out answered)) return false;
            JsonScan.SkipBlanks(json, ref at);
        }
        while (JsonScan.Take(json, ref at, ','));
        return messages > 1 && answered;
    }

    private bool TryMessage(ReadOnlySpan<byte> json, out bool assistant)
    {
        assistant = false;
        if (_message.Members is not [{ Type: JsonTokenType.String } first, { Type: JsonTokenType.String } second]) return false;
        var inOrder = first.Name(json).SequenceEqual("role"u8) || first.Name(json).SequenceEqual("from"u8);
        var (role, content) = inOrder ? (first, second) : (second, first);
        if (!role.Name(json).SequenceEqual("role"u8) || !content.Name(json).SequenceEqual("content"u8))
            if (!role.Name(json).SequenceEqual("from"u8) || !content.Name(json).SequenceEqual("value"u8)) return false;
        if (!TryRole(role.Text(json), out assistant, out var mayBeEmpty)) return false;
        var begin = _length;
        return TryAppend(content, json) && (mayBeEmpty || !IsBlank(_said.AsSpan(begin, _length - begin)));
    }

    private static bool TryRole(ReadOnlySpan<byte> name, out bool assistant, out bool mayBeEmpty)
    {
        foreach (var role in Roles)
        {
            if (!name.SequenceEqual(role.Name)) continue;
            (assistant, mayBeEmpty) = (role.Assistant, role.MayBeEmpty);
            return true;
        }
        (assistant, mayBeEmpty) = (false, false);
        return false;
    }

    private bool TryAppend(JsonScan.Member content, ReadOnlySpan<byte> json)
    {
        var room = Room(content.ValueEnd - content.ValueStart);
        if (!content.Escaped)
        {
            content.Text(json).CopyTo(room);
            _length += content.Text(json).Length;
            return true;
        }
        if (!JsonCells.TryUnescape(content.Value(json), room, out var length)) return false;
        _length += length;
        return true;
    }

    private Span<byte> Room(int bytes)
    {
        if (_said.Length - _length < bytes) Array.Resize(ref _said, Math.Max(2 * _said.Length, _length + bytes));
        return _said.AsSpan(_length);
    }

    /// <summary>A byte that is not white space decides without reading the rest.</summary>
    private static bool IsBlank(ReadOnlySpan<byte> utf8) =>
        utf8.IsEmpty || (utf8[0] is not (> 0x20 and < 0x7f) && string.IsNullOrWhiteSpace(Encoding.UTF8.GetString(utf8)));

    private static bool IsOneOf(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (var known in names)
            if (name.SequenceEqual(known)) return true;
        return false;
    }
}
