using Hangfire;
using Hangfire.Logging;
using LoraDrop.Engine.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace LoraDrop.Storage.Tests;

/// <summary>Hangfire has one log for a process, which may run several services.</summary>
public sealed class QueueLogFacts
{
    [Fact]
    public void A_service_that_is_gone_keeps_no_other_from_starting_its_queue()
    {
        using var folder = new TestFolder();
        using var data = DataFolder.Take(folder.At("data"));
        using (var services = new ServiceCollection().AddLogging().AddEmbeddedStorage(data).BuildServiceProvider())
            services.GetRequiredService<IGlobalConfiguration>();
        Assert.Null(Record.Exception(() => LogProvider.GetLogger("a server of another service")));
    }
}
