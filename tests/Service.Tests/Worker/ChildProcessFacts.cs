using LoraDrop.Engine.Tests;
using LoraDrop.Worker;

namespace LoraDrop.Service.Tests;

public sealed class ChildProcessFacts
{
    [Fact]
    public async Task Its_memory_can_be_asked_for_at_any_moment_of_its_end_and_is_0_after_it()
    {
        using var folder = new TestFolder();
        var nothing = new WorkerOptions { ChildCommand = ["/bin/true"] };
        for (var run = 0; run < 100; run++)
        {
            using var child = ChildProcess.Start(new ChildWork.InspectDataset(new DataFiles("none.csv")),
                Path.Combine(folder.Path, $"{run}"), nothing);
            using var over = new CancellationTokenSource();
            var watching = Task.Run(() =>
            {
                while (!over.IsCancellationRequested) Assert.True(child.Memory >= 0);
                return child.Memory;
            }, CancellationToken.None);
            Assert.True((await child.EndAsync(CancellationToken.None)).Well);
            await over.CancelAsync();
            Assert.Equal(0, await watching);
        }
    }
}
