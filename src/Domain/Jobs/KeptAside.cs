namespace LoraDrop.Domain;

/// <summary>The tenth of the training data that is kept aside for validation where no file is given for it, stratified.</summary>
/// <remarks>What stays is sampled rather than what goes, so that no class, however rare, is lost to training.</remarks>
public static class KeptAside
{
    /// <summary>Told where nothing would be left to keep aside.</summary>
    public const string TooFew = "has too few rows to keep a tenth aside: give a validation file";

    private const double TrainShare = 0.9;

    /// <summary>How many of n rows in so many strata stay for training.</summary>
    public static int StaysOf(int n, int strata) => StratifiedSample.SizeOf(n, strata, TrainShare);

    /// <summary>The rows that stay for training, by class.</summary>
    public static int[] Stays(IReadOnlyList<int> classes, long seed) => StratifiedSample.ByClass(classes, TrainShare, seed, "validation");

    /// <summary>The rows that stay for training, by tenths of the targets.</summary>
    public static int[] Stays(IReadOnlyList<double> targets, long seed) => StratifiedSample.ByQuantile(targets, TrainShare, seed, "validation");
}
