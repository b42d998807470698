namespace LoraDrop.Domain;

/// <summary>A figure that tells how well predictions fit. Written in kebab case: <c>macro-f1</c>. What each is exactly: docs/decisions/text-metrics.md.</summary>
public enum Metric
{
    /// <summary>Share of right predictions.</summary>
    Accuracy,

    /// <summary>F1 of class 1, in a task with two classes.</summary>
    F1,

    /// <summary>The plain mean of the F1 of every class.</summary>
    MacroF1,

    /// <summary>Matthews' correlation coefficient.</summary>
    Matthews,

    /// <summary>Pearson's correlation.</summary>
    Pearson,

    /// <summary>Spearman's rank correlation.</summary>
    Spearman,

    /// <summary>Mean squared error; reported, but lower is better, so it picks no best evaluation.</summary>
    Mse,

    /// <summary>e to the mean loss of a target's token; lower is better.</summary>
    Perplexity,

    /// <summary>BLEU of a corpus, as sacreBLEU counts it (13a, exp); 0 to 100.</summary>
    Bleu,

    /// <summary>BLEU as the E2E challenge's script counts it, which DART is scored with too; 0 to 1.</summary>
    E2eBleu,

    /// <summary>NIST of the same script.</summary>
    Nist,

    /// <summary>The mean of the next three; 0 to 100.</summary>
    Rouge,

    /// <summary>F of ROUGE-1, the mean over texts, with stemming; 0 to 100.</summary>
    Rouge1,

    /// <summary>F of ROUGE-2.</summary>
    Rouge2,

    /// <summary>F of ROUGE-L.</summary>
    RougeL,

    /// <summary>METEOR without synonyms; 0 to 1.</summary>
    Meteor,

    /// <summary>chrF2; 0 to 100.</summary>
    Chrf,

    /// <summary>Share of answers that equal a reference.</summary>
    ExactMatch,

    /// <summary>Share of answers whose number is the reference's, by GSM8K's official rule.</summary>
    Gsm8k,
}
