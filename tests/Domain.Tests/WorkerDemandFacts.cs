namespace LoraDrop.Domain.Tests;

public sealed class WorkerDemandFacts
{
    private static readonly Dictionary<string, string> Eight = Enumerable.Range(0, 8).ToDictionary(i => $"label-{i}", i => $"value {i}");

    [Fact]
    public void Who_asks_for_no_labels_has_no_selector() => Assert.Null(new WorkerDemand { MemoryGiB = 80 }.Selector);

    [Fact]
    public void A_selector_does_not_depend_on_the_order_in_which_labels_are_written()
    {
        Assert.Equal("""{"gpu":"H100","zone":"eu-1"}""", Of(("zone", "eu-1"), ("gpu", "H100")).Selector);
        Assert.Equal(Of(("gpu", "H100"), ("zone", "eu-1")).Selector, Of(("zone", "eu-1"), ("gpu", "H100")).Selector);
        Assert.Equal("""{"B":"2","a":"1","Ä":"3"}""", Of(("Ä", "3"), ("a", "1"), ("B", "2")).Selector);
    }

    [Fact]
    public void Different_labels_have_different_selectors()
    {
        WorkerDemand[] alike =
        [
            Of(("a", "b=c")), Of(("a=b", "c")), Of(("a", "b"), ("c", "d")), Of(("a", """b","c":"d""")), Of(("a", "b,c")),
            Of(("a", "b"), ("c", "")), Of(("a", "b\\")), Of(("a", "b\"")), Of(("a", "B")), Of(("A", "b")), Of(("a", "b ")),
        ];
        Assert.Equal(alike.Length, alike.Select(demand => demand.Selector).Distinct().Count());
    }

    [Fact]
    public void A_worker_satisfies_every_choice_of_its_labels_and_nothing_else()
    {
        var selectors = WorkerDemand.SelectorsOf(Eight);
        Assert.Equal(255, selectors.Distinct().Count());   // and null, for those who ask for none
        for (var chosen = 1; chosen < 256; chosen++)
            Assert.Contains(Of([.. Eight.Where((_, i) => (chosen >> i & 1) == 1).Reverse()
                .Select(label => (label.Key, label.Value))]).Selector, selectors);
        Assert.DoesNotContain(Of(("label-0", "value 1")).Selector, selectors);
        Assert.DoesNotContain(Of(("label-0", "value 0"), ("gpu", "H100")).Selector, selectors);
    }

    [Fact]
    public void A_worker_without_labels_satisfies_those_who_ask_for_none() =>
    Assert.Empty(WorkerDemand.SelectorsOf(new Dictionary<string, string>()));

    [Fact]
    public void Nine_labels_are_more_than_a_worker_has() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            WorkerDemand.SelectorsOf(new Dictionary<string, string>(Eight) { ["ninth"] = "" }));

    private static WorkerDemand Of(params (string Name, string Value)[] labels) =>
        new() { Labels = labels.ToDictionary(label => label.Name, label => label.Value) };
}
