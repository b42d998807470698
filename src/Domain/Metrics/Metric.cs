namespace LoraDrop.Domain;

/// <summary>A metric, written in kebab case: <c>macro-f1</c>. See docs/decisions/text-metrics.md for exact definitions.</summary>
public enum Metric
{
    /// <summary>Fraction of correct predictions.</summary>
    Accuracy,

    /// <summary>F1 of class 1, for two classes.</summary>
    F1,

    /// <summary>Unweighted mean of the F1 of every class.</summary>
    MacroF1,

    /// <summary>Matthews' correlation coefficient.</summary>
    Matthews,

    /// <summary>Pearson's correlation.</summary>
    Pearson,

    /// <summary>Spearman's rank correlation.</summary>
    Spearman,

    /// <summary>Mean squared error; reported only, since lower is better.</summary>
    Mse,

    /// <summary>exp of the mean loss per target token; lower is better.</summary>
    Perplexity,

    /// <summary>Corpus BLEU as in sacreBLEU (13a, exp); 0 to 100.</summary>
    Bleu,

    /// <summary>BLEU as in the E2E challenge's script, also used for DART; 0 to 1.</summary>
    E2eBleu,

    /// <summary>NIST as in the E2E challenge's script.</summary>
    Nist,

    /// <summary>Mean of rouge1, rouge2 and rouge-l; 0 to 100.</summary>
    Rouge,

    /// <summary>F-score of ROUGE-1, averaged over texts, with stemming; 0 to 100.</summary>
    Rouge1,

    /// <summary>F-score of ROUGE-2; 0 to 100.</summary>
    Rouge2,

    /// <summary>F-score of ROUGE-L; 0 to 100.</summary>
    RougeL,

    /// <summary>METEOR without synonyms; 0 to 1.</summary>
    Meteor,

    /// <summary>chrF2; 0 to 100.</summary>
    Chrf,

    /// <summary>Fraction of texts that equal a reference.</summary>
    ExactMatch,

    /// <summary>Fraction of texts whose number equals the reference's, by GSM8K's official rule.</summary>
    Gsm8k,
}
