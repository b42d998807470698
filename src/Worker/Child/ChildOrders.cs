using System.Diagnostics;
using System.Threading.Channels;

namespace LoraDrop.Worker;

/// <summary>In the child: what the worker tells it, by lines on standard input. It ends the process at once when standard input closes:
/// then its worker is gone, and another attempt may have started.</summary>
internal sealed class ChildOrders
{
    /// <summary>Asks to save the state of the work, and to exit.</summary>
    public const string StopLine = "stop";

    /// <summary>Comes before the folder of the next work.</summary>
    public const string NextLine = "next ";

    private readonly Channel<ChildOrder> _given = Channel.CreateUnbounded<ChildOrder>();
    private volatile ChildOrder _last;

    /// <param name="folder">The folder of the first work.</param>
    public ChildOrders(string folder)
    {
        _last = Give(folder);
        new Thread(Listen) { IsBackground = true }.Start();
    }

    /// <summary>Waits for the next work; null when there will be none.</summary>
    public ChildOrder? Next() =>
        _given.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult() && _given.Reader.TryRead(out var order) ? order : null;

    /// <summary>Stops the work that is being done, and takes no other.</summary>
    public void End()
    {
        _given.Writer.TryComplete();
        _last.Stop.Cancel();
    }

    private ChildOrder Give(string folder)
    {
        var order = new ChildOrder(folder, new());
        _given.Writer.TryWrite(order);
        return order;
    }

    private void Listen()
    {
        while (Console.In.ReadLine() is { } line)
            if (line == StopLine) _last.Stop.Cancel();
            else if (line.StartsWith(NextLine, StringComparison.Ordinal)) _last = Give(line[NextLine.Length..]);
        Process.GetCurrentProcess().Kill();
    }
}

/// <summary>A piece of work, and whether it must stop: a stop that comes late concerns no later work.</summary>
/// <param name="Folder">The folder with work.json.</param>
/// <param name="Stop">Asks to save the state of the work, and to exit. Never disposed: a stop may always come.</param>
internal sealed record ChildOrder(string Folder, CancellationTokenSource Stop)
{
    public CancellationToken Stopping => Stop.Token;
}
