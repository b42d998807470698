namespace LoraDrop.Domain;

/// <summary>
/// Porter's stemmer ("An algorithm for suffix stripping", 1980) with NLTK's extensions, which is the one that rouge_score and NLTK's METEOR
/// use.
/// </summary>
public static class PorterStemmer
{
    private static readonly Dictionary<string, string> Irregular = new()
    {
        ["sky"] = "sky", ["skies"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie", ["news"] = "news",
        ["innings"] = "inning", ["inning"] = "inning", ["outings"] = "outing", ["outing"] = "outing", ["cannings"] = "canning",
        ["canning"] = "canning",
        ["howe"] = "howe", ["proceed"] = "proceed", ["exceed"] = "exceed", ["succeed"] = "succeed",
    };

    // (m > 0), except LOGI, which counts its l with the stem. The first suffix that fits decides, whether or not its condition holds.
    private static readonly (string Suffix, string With)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"),
        ("entli", "ent"),
        ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
        ("fulness", "ful"),
        ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"), ("fulli", "ful"), ("logi", "log"),
    ];

    // (m > 0)
    private static readonly (string Suffix, string With)[] Step3 =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    // (m > 1), and ION only behind s or t.
    private static readonly string[] Step4 =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive",
            "ize"];

    /// <summary>The stem of a word in lower case: <c>relational</c> → <c>relat</c>. Words of one or two letters stay as they are.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var irregular)) return irregular;
        if (word.Length <= 2) return word;
        word = YToI(WithoutPastAndGerund(WithoutPlural(word)));
        return WithoutFinalE(WithoutEnding(Shortened(WithoutDoubleEnding(word))));
    }

    private static string WithoutPlural(string word) =>
        word.EndsWith("ies") ? word[..^(word.Length == 4 ? 1 : 2)]
        : word.EndsWith("sses") ? word[..^2]
        : word.EndsWith("ss") || !word.EndsWith('s') ? word
        : word[..^1];

    private static string WithoutPastAndGerund(string word)
    {
        if (word.EndsWith("ied")) return word[..^(word.Length == 4 ? 1 : 2)];
        if (word.EndsWith("eed")) return Measure(word[..^3]) > 0 ? word[..^1] : word;
        var ending = word.EndsWith("ed") ? 2 : word.EndsWith("ing") ? 3 : 0;
        return ending > 0 && HasVowel(word[..^ending]) ? Repaired(word[..^ending]) : word;
    }

    // conflat(ed) -> conflate, hopp(ing) -> hop, fil(ing) -> file
    private static string Repaired(string stem)
    {
        if (stem.EndsWith("at") || stem.EndsWith("bl") || stem.EndsWith("iz")) return stem + "e";
        if (EndsInDoubleConsonant(stem)) return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        return Measure(stem) == 1 && EndsConsonantVowelConsonant(stem) ? stem + "e" : stem;
    }

    private static string YToI(string word) =>
        word.EndsWith('y') && word.Length > 2 && IsConsonant(word, word.Length - 2) ? word[..^1] + "i" : word;

    private static string WithoutDoubleEnding(string word)
    {
        while (word.EndsWith("alli") && Measure(word[..^4]) > 0) word = word[..^2];
        foreach (var (suffix, with) in Step2)
        {
            if (!word.EndsWith(suffix)) continue;
            return Measure(suffix == "logi" ? word[..^3] : word[..^suffix.Length]) > 0 ? word[..^suffix.Length] + with : word;
        }
        return word;
    }

    private static string Shortened(string word)
    {
        foreach (var (suffix, with) in Step3)
        {
            if (word.EndsWith(suffix)) return Measure(word[..^suffix.Length]) > 0 ? word[..^suffix.Length] + with : word;
        }
        return word;
    }

    private static string WithoutEnding(string word)
    {
        foreach (var suffix in Step4)
        {
            if (!word.EndsWith(suffix)) continue;
            var stem = word[..^suffix.Length];
            return Measure(stem) > 1 && (suffix != "ion" || stem[^1] is 's' or 't') ? stem : word;
        }
        return word;
    }

    private static string WithoutFinalE(string word)
    {
        if (word.EndsWith('e'))
        {
            var stem = word[..^1];
            if (Measure(stem) is var m && (m > 1 || (m == 1 && !EndsConsonantVowelConsonant(stem)))) word = stem;
        }
        return word.EndsWith("ll") && Measure(word[..^1]) > 1 ? word[..^1] : word;
    }

    // Everything but a, e, i, o, u, and y behind a consonant. A run of y's alternates, so y's are counted back to what is none.
    private static bool IsConsonant(string word, int at)
    {
        if (word[at] != 'y') return word[at] is not ('a' or 'e' or 'i' or 'o' or 'u');
        var start = at;
        while (start > 0 && word[start - 1] == 'y') start--;
        var firstIsConsonant = start == 0 || !IsConsonant(word, start - 1);
        return (at - start) % 2 == 0 ? firstIsConsonant : !firstIsConsonant;
    }

    /// <summary>m, the number of times that a vowel is followed by a consonant.</summary>
    private static int Measure(string stem)
    {
        var m = 0;
        for (var (i, afterVowel) = (0, false); i < stem.Length; i++)
        {
            var consonant = stem[i] == 'y' ? i == 0 || afterVowel : stem[i] is not ('a' or 'e' or 'i' or 'o' or 'u');
            if (afterVowel && consonant) m++;
            afterVowel = !consonant;
        }
        return m;
    }

    private static bool HasVowel(string stem)
    {
        for (var i = 0; i < stem.Length; i++)
        {
            if (!IsConsonant(stem, i)) return true;
        }
        return false;
    }

    private static bool EndsInDoubleConsonant(string word) =>
        word.Length >= 2 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    private static bool EndsConsonantVowelConsonant(string word) => word.Length switch
    {
        >= 3 => IsConsonant(word, word.Length - 3) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 1)
            && word[^1] is not ('w' or 'x' or 'y'),
        2 => !IsConsonant(word, 0) && IsConsonant(word, 1),
        _ => false,
    };
}
