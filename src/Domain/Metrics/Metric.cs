namespace LoraDrop.Domain;

/// <summary>A figure that tells how well predictions fit. Written in kebab case: <c>macro-f1</c>.</summary>
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
}
