using OxyPlot;

namespace LoraDrop.Figures.Drawing;

/// <summary>Finds places for the names of points, so that they cover neither each other nor the points.</summary>
internal static class LabelPlaces
{
    /// <summary>The rectangle of each label, in the order of the points.</summary>
    /// <param name="points">The points.</param>
    /// <param name="sizes">Width and height of each label.</param>
    /// <param name="taken">What labels should not cover, such as points and error bars.</param>
    /// <param name="within">Where labels have to lie.</param>
    public static IReadOnlyList<OxyRect> Of(IReadOnlyList<ScreenPoint> points, IReadOnlyList<OxySize> sizes, IEnumerable<OxyRect> taken,
        OxyRect within)
    {
        var obstacles = taken.ToList();
        var places = new OxyRect[points.Count];
        // those with the most neighbours have the fewest places to go
        foreach (var i in Enumerable.Range(0, points.Count).OrderByDescending(i => points.Count(p => p.DistanceTo(points[i]) < 90)))
        {
            places[i] = Candidates(points[i], sizes[i]).Select((place, order) => (place, cost: Cost(place, obstacles, within) + order))
                .MinBy(candidate => candidate.cost).place;
            obstacles.Add(places[i]);
        }
        return places;
    }

    private static IEnumerable<OxyRect> Candidates(ScreenPoint point, OxySize size)
    {
        foreach (var away in (double[])[8, 14, 22, 32, 44, 58, 74])
            foreach (var (x, y) in ((double, double)[])[(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)])
            {
                var slanted = x != 0 && y != 0 ? 0.7 : 1;
                var (middleX, middleY) = (point.X + x * (away * slanted + size.Width / 2), point.Y
                    + y * (away * slanted + size.Height / 2));
                yield return new(middleX - size.Width / 2, middleY - size.Height / 2, size.Width, size.Height);
            }
    }

    private static double Cost(OxyRect place, List<OxyRect> obstacles, OxyRect within)
    {
        var outside = Math.Max(0, within.Left - place.Left) + Math.Max(0, place.Right - within.Right)
            + Math.Max(0, within.Top - place.Top) + Math.Max(0, place.Bottom - within.Bottom);
        return 1e4 * outside + 100 * obstacles.Sum(obstacle => Covered(place, obstacle));
    }

    private static double Covered(OxyRect one, OxyRect other) =>
        Math.Max(0, Math.Min(one.Right, other.Right) - Math.Max(one.Left, other.Left) + 2)
        * Math.Max(0, Math.Min(one.Bottom, other.Bottom) - Math.Max(one.Top, other.Top) + 1);
}
