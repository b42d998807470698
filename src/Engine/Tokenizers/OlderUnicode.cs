using System.Globalization;
using System.Text;

namespace LoraDrop.Engine.Tokenizers;

/// <summary>Punctuation and marks as known to Hugging Face <c>tokenizers</c> 0.22 and 0.23, whose Unicode tables are years old.</summary>
/// <remarks>
/// Ids must match those used in training, so anything newer than these tables is an ordinary character, as it is there. The lists were
/// found by querying the library for every code point that .NET 10 (Unicode 16) includes.
/// </remarks>
internal static class OlderUnicode
{
    /// <summary>Not punctuation in the crate unicode_categories 0.1.1.</summary>
    private static readonly (int First, int Last)[] YoungerPunctuation = Ranges(
        "61D 9FD A76 C77 C84 1B4E-1B4F 1B7D-1B7F 2E43-2E4F 2E52-2E5D 10D6E 10EAD 10F55-10F59 10F86-10F89 113D4-113D5 " +
        "113D7-113D8 1144B-1144F 1145A-1145B 1145D 11660-1166C 116B9 1183B 11944-11946 119E2 11A3F-11A46 11A9A-11A9C " +
        "11A9E-11AA2 11B00-11B09 11BE1 11C41-11C45 11C70-11C71 11EF7-11EF8 11F43-11F4F 11FFF 12FF1-12FF2 16D6D-16D6F " +
        "16E97-16E9A 16FE2 1E5FF 1E95E-1E95F");

    /// <summary>Not marks in the crate unicode-normalization-alignments 0.1.12.</summary>
    private static readonly (int First, int Last)[] YoungerMarks = Ranges(
        "7FD 897-89F 8CA-8D3 9FE AFA-AFF B55 C04 C3C CF3 D00 D3B-D3C D81 EBA ECE 1715 180F 1ABF-1ACE 1CF7 1DF6-1DFA " +
        "A82C A8FF 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFC-10EFF 10F46-10F50 10F82-10F85 11070 11073-11074 110C2 " +
        "11145-11146 111C9 111CE-111CF 11241 1133B 113B8-113C0 113C2 113C5 113C7-113CA 113CC-113D0 113D2 113E1-113E2 " +
        "1145E 1182C-1183A 11930-11935 11937-11938 1193B-1193E 11940 11942-11943 119D1-119D7 119DA-119E0 119E4 " +
        "11A01-11A0A 11A33-11A39 11A3B-11A3E 11A47 11A51-11A5B 11A8A-11A99 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 " +
        "11D47 11D8A-11D8E 11D90-11D91 11D93-11D97 11EF3-11EF6 11F00-11F01 11F03 11F34-11F3A 11F3E-11F42 11F5A 13440 " +
        "13447-13455 1611E-1612F 16F4F 16F7F-16F87 16FE4 16FF0-16FF1 1CF00-1CF2D 1CF30-1CF46 1E08F 1E130-1E136 1E2AE " +
        "1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF");

    /// <summary>Neither nonspacing marks nor control and format characters in unicode_categories.</summary>
    private static readonly (int First, int Last)[] YoungerMarksAndControls = Ranges(
        "7FD 890-891 897-89F 8CA-8E2 9FE AFA-AFF B55 C04 C3C D00 D3B-D3C D81 EBA ECE 180F 1885-1886 1ABF-1ACE 1DF6-1DFB " +
        "A82C A8C5 A8FF A9BD 10D24-10D27 10D69-10D6D 10EAB-10EAC 10EFC-10EFF 10F46-10F50 10F82-10F85 11070 11073-11074 " +
        "110C2 110CD 111C9 111CF 1123E 11241 1133B 113BB-113C0 113CE 113D0 113D2 113E1-113E2 11438-1143F 11442-11444 " +
        "11446 1145E 1182F-11837 11839-1183A 1193B-1193C 1193E 11943 119D4-119D7 119DA-119DB 119E0 11A01-11A0A " +
        "11A33-11A38 11A3B-11A3E 11A47 11A51-11A56 11A59-11A5B 11A8A-11A96 11A98-11A99 11C30-11C36 11C38-11C3D 11C3F " +
        "11C92-11CA7 11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47 11D90-11D91 " +
        "11D95 11D97 11EF3-11EF4 11F00-11F01 11F36-11F3A 11F40 11F42 11F5A 13430-13440 13447-13455 1611E-16129 " +
        "1612D-1612F 16F4F 16FE4 1CF00-1CF2D 1CF30-1CF46 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A " +
        "1E08F 1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF 1E5EE-1E5EF 1E944-1E94A");

    public static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? Rune.IsPunctuation(rune) || Rune.IsSymbol(rune)
        : (Rune.IsPunctuation(rune) && !Contains(YoungerPunctuation, rune)) || rune.Value is 0x166D or 0x111C9; // now a symbol and a mark

    /// <summary>Whether a code point is a mark of any kind, as StripAccents drops them.</summary>
    public static bool IsMark(Rune rune) => (Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        && !Contains(YoungerMarks, rune)) || rune.Value is 0x1CF2 or 0x1CF3;

    /// <summary>Whether a code point is a nonspacing mark, as BERT drops them.</summary>
    public static bool IsNonSpacingMark(Rune rune) =>
        (Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark && !Contains(YoungerMarksAndControls, rune))
        || rune.Value is 0x1734 or 0x1171E; // now spacing marks

    /// <summary>Whether a code point is a control, format or private-use character, as BERT drops them.</summary>
    public static bool IsControl(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse && !Contains(YoungerMarksAndControls, rune);

    private static bool Contains((int First, int Last)[] ranges, Rune rune)
    {
        int low = 0, high = ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (rune.Value < ranges[middle].First) high = middle - 1;
            else if (rune.Value > ranges[middle].Last) low = middle + 1;
            else return true;
        }
        return false;
    }

    private static (int First, int Last)[] Ranges(string ranges) =>
        [.. ranges.Split(' ').Select(range => range.Split('-')).Select(ends => (Code(ends[0]), Code(ends[^1])))];

    private static int Code(string hex) => int.Parse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
