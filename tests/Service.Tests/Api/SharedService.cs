namespace LoraDrop.Service.Tests;

/// <summary>One service for the tests of a class that do not mind each other's rows.</summary>
public sealed class SharedService : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await TestService.StartAsync();
        await Service.AddInputsAsync();
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();
}
