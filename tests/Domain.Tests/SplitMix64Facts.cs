namespace LoraDrop.Domain.Tests;

public sealed class SplitMix64Facts
{
    [Fact]
    public void The_stream_is_the_published_one() =>
        Assert.Equal([5833679380957638813UL, 4839782808629744545UL, 11769803791402734189UL, 9308485889748266480UL],
            Enumerable.Range(0, 4).Aggregate((Random: new SplitMix64(11), Seen: new List<ulong>()), (s, _) => { s.Seen.Add(s.Random.Next());
            return s; }).Seen);
}
