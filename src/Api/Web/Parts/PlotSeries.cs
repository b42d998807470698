namespace LoraDrop.Api.Web.Parts;

/// <summary>A curve of a plot.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="X">Where on the horizontal axis.</param>
/// <param name="Y">The values.</param>
/// <param name="Dashed">Whether the line is dashed.</param>
/// <param name="Points">Whether each value is marked.</param>
public sealed record PlotSeries(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y, bool Dashed = false, bool Points = false);
