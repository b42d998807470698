using System.Net.Sockets;
using Amazon.Runtime;

namespace LoraDrop.Storage;

/// <summary>
/// Connections to a store that time out when no data moves. A limit on whole requests, which is all that the client offers, would also end
/// those that are only large or slow.
/// </summary>
internal sealed class S3Transport : HttpClientFactory, IDisposable
{
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(10);

    private const int SendBuffer = 1 << 19;

    private readonly HttpClient _client;

    public S3Transport(TimeSpan silence) => _client = new(new SocketsHttpHandler
    {
        ConnectTimeout = silence < LongestConnect ? silence : LongestConnect,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a store may move to another address
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectCallback = async (context, cancel) =>
        {
            // Data in the kernel's buffer drains unseen while the response is awaited: buffer no more than a slow line takes in that time.
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = SendBuffer };
            try
            {
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new Watched(new NetworkStream(socket, ownsSocket: true), silence);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public void Dispose() => _client.Dispose();

    /// <summary>A connection that fails when a single read or write takes too long.</summary>
    private sealed class Watched(NetworkStream inner, TimeSpan silence) : Stream
    {
        private volatile int _writes; // one at a time

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>Waits while a body is still being sent: the response cannot come before.</summary>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var before = _writes;
                using var limit = Limit(cancellationToken);
                try
                {
                    return await inner.ReadAsync(buffer, limit.Token);
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    if (_writes == before) throw new IOException($"nothing came for {silence.TotalSeconds:0.###} s");
                }
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var limit = Limit(cancellationToken);
            try
            {
                await inner.WriteAsync(buffer, limit.Token);
                _writes++;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"nothing was taken for {silence.TotalSeconds:0.###} s");
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }

        private CancellationTokenSource Limit(CancellationToken cancel)
        {
            var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(silence);
            return limit;
        }
    }
}
