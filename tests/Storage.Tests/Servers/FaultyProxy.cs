using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LoraDrop.Storage.Tests;

/// <summary>What a <see cref="FaultyProxy"/> does to connections.</summary>
internal abstract record Trouble
{
    /// <summary>Nothing is wrong.</summary>
    public sealed record None : Trouble;

    /// <summary>Nobody listens, and connections are cut.</summary>
    public sealed record Refuse : Trouble;

    /// <summary>Connections are taken, and nothing moves on them, on those that are open neither.</summary>
    public sealed record Hang : Trouble;

    /// <summary>So many bytes a second, in each direction of each connection.</summary>
    public sealed record Slow(int BytesPerSecond) : Trouble;

    /// <summary>Each connection is cut after so many bytes from the client.</summary>
    public sealed record BreakAfter(long Bytes) : Trouble;

    /// <summary>Each connection is cut after so many bytes from the server.</summary>
    public sealed record BreakAnswerAfter(long Bytes) : Trouble;

    /// <summary>The head of an HTTP request is read, and answered with a status; the connection ends.</summary>
    public sealed record Answer(int Status) : Trouble;
}

/// <summary>A TCP proxy on a free loopback port that can be told to misbehave while it runs. What it is told holds for new connections, and
/// from then on for those that are open.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly ConcurrentDictionary<Connection, Task> _open = [];
    private readonly Lock _gate = new();
    private TcpListener? _listener;
    private Trouble _trouble = new Trouble.None();
    private int _taken;

    /// <param name="target">The port of this machine to which it leads.</param>
    public FaultyProxy(int target)
    {
        _target = target;
        Listen(0);
        Port = ((IPEndPoint)_listener!.LocalEndpoint).Port;
    }

    public int Port { get; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    /// <summary>How many connections were taken so far.</summary>
    public int Taken => _taken;

    /// <summary>What it does with connections.</summary>
    public Trouble Trouble
    {
        get => _trouble;
        set
        {
            lock (_gate)
            {
                _trouble = value;
                if (value is Trouble.Refuse)
                {
                    _listener?.Stop();
                    _listener = null;
                    Cut();
                }
                else if (_listener is null)
                    Listen(Port);
            }
            if (value is Trouble.Answer) Cut(); // those that are open have a server behind them
        }
    }

    /// <summary>Cuts all open connections once.</summary>
    public void Cut()
    {
        foreach (var connection in _open.Keys) connection.Cut();
    }

    public async ValueTask DisposeAsync()
    {
        Trouble = new Trouble.Refuse();
        await Task.WhenAll(_open.Values);
    }

    private void Listen(int port)
    {
        _listener = new(IPAddress.Loopback, port);
        _listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Server.ReceiveBufferSize = 1 << 16; // what is slow is felt, not hidden in the kernel's buffers
        _listener.Start();
        _ = AcceptAsync(_listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            try
            {
                var connection = new Connection(this, await listener.AcceptSocketAsync());
                Interlocked.Increment(ref _taken);
                _open[connection] = connection.RunAsync();
                if (Trouble is Trouble.Refuse) connection.Cut();
            }
            catch (Exception over) when (over is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private sealed class Connection(FaultyProxy proxy, Socket client) : IDisposable
    {
        private readonly CancellationTokenSource _cut = new();
        private long _fromClient, _fromServer;

        public void Cut() => _cut.Cancel();

        public async Task RunAsync()
        {
            await Task.Yield();
            using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            client.NoDelay = true;
            try
            {
                if (proxy.Trouble is Trouble.Answer answer) await AnswerAsync(answer.Status);
                else
                {
                    await server.ConnectAsync(IPAddress.Loopback, proxy._target, _cut.Token);
                    // Either side's end is the end of both: what is used here keeps no half-open connections.
                    await await Task.WhenAny(PumpAsync(client, server, toServer: true), PumpAsync(server, client, toServer: false));
                }
            }
            catch (Exception over) when (over is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                client.LingerState = new(true, 0); // a reset, as of a machine that is gone
            }
            finally
            {
                _cut.Cancel();
                client.Dispose();
                proxy._open.TryRemove(this, out _);
            }
        }

        public void Dispose() => _cut.Dispose();

        private async Task PumpAsync(Socket from, Socket to, bool toServer)
        {
            var buffer = new byte[1 << 16];
            while (true)
            {
                var read = await from.ReceiveAsync(buffer.AsMemory(0, Most(toServer)), _cut.Token);
                if (read == 0) return;
                while (proxy.Trouble is Trouble.Hang) await Task.Delay(20, _cut.Token);
                if (toServer) _fromClient += read;
                else _fromServer += read;
                if (proxy.Trouble is Trouble.Slow slow)
                    await Task.Delay(TimeSpan.FromSeconds((double)read / slow.BytesPerSecond), _cut.Token);
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _cut.Token);
                if (Most(toServer) == 0) throw new OperationCanceledException("cut");
            }
        }

        /// <summary>How many bytes to take next; 0 where it is enough.</summary>
        private int Most(bool toServer) => proxy.Trouble switch
        {
            Trouble.Slow slow => Math.Clamp(slow.BytesPerSecond / 20, 1, 1 << 16),
            Trouble.BreakAfter most when toServer => (int)Math.Clamp(most.Bytes - _fromClient, 0, 1 << 16),
            Trouble.BreakAnswerAfter most when !toServer => (int)Math.Clamp(most.Bytes - _fromServer, 0, 1 << 16),
            _ => 1 << 16,
        };

        private async Task AnswerAsync(int status)
        {
            var head = new StringBuilder();
            var buffer = new byte[1 << 16];
            while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var read = await client.ReceiveAsync(buffer, _cut.Token);
                if (read == 0) return;
                head.Append(Encoding.ASCII.GetString(buffer, 0, read));
            }
            var answer = $"HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            await client.SendAsync(Encoding.ASCII.GetBytes(answer), _cut.Token);
            client.Shutdown(SocketShutdown.Send);
            // what is still sent is taken, so that the answer is not lost to a reset
            while (await client.ReceiveAsync(buffer, _cut.Token) > 0)
            {
            }
        }
    }
}
