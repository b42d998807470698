using LoraDrop.Api.Client;
using LoraDrop.Domain;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using MudBlazor;

namespace LoraDrop.Api.Web;

/// <summary>A page on the REST API: reads, reads again while it is seen, and makes changes.</summary>
public abstract class ServicePage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _gone = new();
    private bool _shown;

    [Inject]
    internal PageCalls Calls { get; set; } = null!;

    [Inject]
    internal PageErrors Errors { get; set; } = null!;

    [Inject]
    internal PageMessages Messages { get; set; } = null!;

    [Inject]
    internal NavigationManager Navigation { get; set; } = null!;

    [Inject]
    internal IJSRuntime Browser { get; set; } = null!;

    /// <summary>Ends when the reader leaves the page.</summary>
    protected CancellationToken Gone => _gone.Token;

    /// <summary>Whether the person may submit and change; a reader sees no buttons for it.</summary>
    protected bool MayChange { get; private set; }

    /// <summary>Whether the person is an admin.</summary>
    protected bool IsAdmin { get; private set; }

    /// <summary>Whether the page does not exist, or belongs to another owner.</summary>
    protected bool Missing { get; private set; }

    /// <summary>The faults of the last refused change.</summary>
    protected IReadOnlyList<Fault> Faults { get; set; } = [];

    /// <summary>Whether a change is being made; buttons wait meanwhile.</summary>
    protected bool Busy { get; private set; }

    /// <summary>How often the page reads again while it is seen; null for never.</summary>
    protected virtual TimeSpan? Every => null;

    /// <summary>Whether something may have changed since the page was read.</summary>
    protected virtual bool IsStale => true;

    /// <summary>Reads what the page shows.</summary>
    protected virtual Task ReadAsync() => Task.CompletedTask;

    protected override async Task OnParametersSetAsync()
    {
        Missing = false;
        await ReadSafelyAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        _shown = true;
        if (!firstRender || Every is not { } pause) return;
        _ = InvokeAsync(() => RepeatAsync(pause));
    }

    /// <summary>Gets a resource. What was read while the page was rendered on the server is taken over instead of being read
    /// twice.</summary>
    internal Task<T> GetAsync<T>(string path) => KeepAsync(path, service => service.GetAsync<T>(path, Gone));

    /// <summary>Makes a call. Its answer is taken over from the page that was rendered on the server.</summary>
    internal async Task<T> KeepAsync<T>(string name, Func<ServiceClient, Task<Reply<T>>> call) =>
        _shown ? (await call(await Calls.ClientAsync())).Value : await Calls.KeepAsync(name, call, RendererInfo.IsInteractive);

    /// <summary>Makes a change, says what came of it, and reads again.</summary>
    /// <param name="change">The calls.</param>
    /// <param name="done">What to say; null for nothing.</param>
    internal async Task<bool> ChangeAsync(Func<ServiceClient, Task> change, string? done = null)
    {
        (Busy, Faults) = (true, []);
        StateHasChanged();
        try
        {
            await change(await Calls.ClientAsync());
            if (done is not null) Messages.Add(done, Severity.Success);
            return true;
        }
        catch (Exception failed) when (PageErrors.Explain(failed) is { } words)
        {
            if (failed is ServiceProblemException { Faults: var faults }) Faults = faults;
            Messages.Add(words, Severity.Error);
            return false;
        }
        finally
        {
            Busy = false;
            if (!Gone.IsCancellationRequested) await ReadSafelyAsync();
        }
    }

    /// <summary>Reads, and shows the banner if the service does not answer.</summary>
    protected async Task ReadSafelyAsync()
    {
        try
        {
            var role = (await Calls.CallerAsync(Gone)).Role;
            (MayChange, IsAdmin) = (role >= Role.Submit, role >= Role.Admin);
            await ReadAsync();
            Errors.Set(null);
        }
        catch (ServiceProblemException problem) when (problem.Status == 404)
        {
            Missing = true;
        }
        catch (OperationCanceledException) when (Gone.IsCancellationRequested)
        {
            // the reader has left
        }
        catch (Exception failed) when (PageErrors.Explain(failed) is { } words)
        {
            Errors.Set(words);
        }
    }

    private async Task RepeatAsync(TimeSpan pause)
    {
        using var timer = new PeriodicTimer(pause);
        try
        {
            while (await timer.WaitForNextTickAsync(Gone))
            {
                if (Missing || Busy || !IsStale || !await IsSeenAsync()) continue;
                await ReadSafelyAsync();
                StateHasChanged();
            }
        }
        catch (Exception left) when (left is OperationCanceledException or ObjectDisposedException)
        {
            // the reader has left
        }
    }

    /// <summary>Whether the tab is in front: one behind others costs nothing.</summary>
    private async Task<bool> IsSeenAsync()
    {
        try
        {
            return await Browser.InvokeAsync<bool>("loradrop.seen", Gone);
        }
        catch (JSDisconnectedException)
        {
            return false; // the connection is broken; it comes back, or the page goes
        }
        catch (JSException)
        {
            return true;
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        GC.SuppressFinalize(this);
    }
}
