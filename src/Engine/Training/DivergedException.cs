using LoraDrop.Domain;

namespace LoraDrop.Engine.Training;

/// <summary>Training diverged: the loss or the gradient is NaN or infinite. The last checkpoint is intact.</summary>
public sealed class DivergedException(Stage stage, int step, string saw) : Exception(
    $"Training diverged in {stage} at step {step}: {saw}. The last good checkpoint is kept. Lower "
    + "training.learningRate, or set training.maxGradNorm.")
{
    public DivergedException(Stage stage, int step, double loss, double gradientNorm)
        : this(stage, step, $"loss {loss}, gradient norm {gradientNorm}") { }

    public Stage Stage => stage;

    public int Step => step;
}
