namespace LoraDrop.Domain;

/// <summary>The stratified tenth of the training data that is held out for validation if there is no validation file.</summary>
/// <remarks>Samples the rows that stay rather than those held out, so that training keeps every class, however rare.</remarks>
public static class ValidationSplit
{
    /// <summary>The fault if there are too few rows to hold out any.</summary>
    public const string TooFew = "has too few rows to hold out a tenth for validation; provide a validation file";

    private const double TrainShare = 0.9;

    /// <summary>The number of training rows that remain of n rows in a number of strata.</summary>
    public static int TrainingSizeOf(int n, int strata) => StratifiedSample.SizeOf(n, strata, TrainShare);

    /// <summary>The rows that remain for training, stratified by class.</summary>
    public static int[] TrainingRows(IReadOnlyList<int> classes, long seed) =>
        StratifiedSample.ByClass(classes, TrainShare, seed, "validation");

    /// <summary>The rows that remain for training, stratified by tenths of the targets.</summary>
    public static int[] TrainingRows(IReadOnlyList<double> targets, long seed) =>
        StratifiedSample.ByQuantile(targets, TrainShare, seed, "validation");
}
