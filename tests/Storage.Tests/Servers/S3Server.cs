using System.Diagnostics;
using System.Globalization;

namespace LoraDrop.Storage.Tests;

/// <summary>
/// A real S3 server over HTTP: s3rver on Node.js, on a free loopback port, with the signature of every request checked. It ends with the
/// process that started it, however that ends. Its folder, and so what it stores, stays through a stop and a start.
/// </summary>
internal sealed class S3Server : IAsyncDisposable
{
    public const string AccessKey = "S3RVER", SecretKey = "S3RVER";

    private readonly string _folder = Directory.CreateTempSubdirectory("loradrop-s3-").FullName;
    private readonly bool _conditions;
    private Process? _process;

    private S3Server(bool conditions) => _conditions = conditions;

    /// <summary>Where the server's programs are: s3rver as npm installs it.</summary>
    private static string Home => Environment.GetEnvironmentVariable("LORADROP_S3RVER") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "loradrop", "s3rver");

    /// <summary>Why there can be no server on this machine; null where there can.</summary>
    public static string? Missing { get; } =
        !Directory.Exists(Path.Combine(Home, "node_modules", "s3rver"))
            ? $"there is no s3rver in {Home}: npm install --prefix {Home} s3rver@3.7.1 (LORADROP_S3RVER may name another folder)"
        : !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "node")))
        ? "there is no node on the PATH, which s3rver needs"
        : null;

    public int Port { get; private set; }

    public string Endpoint => $"http://127.0.0.1:{Port}";

    /// <summary>Starts a server; the test is skipped, with the reason, where there can be none.</summary>
    /// <param name="conditions">Whether objects appear whole or not at all, and <c>If-None-Match: *</c> is honoured, as on AWS; s3rver of
    /// its own shows half of an upload that broke, and ignores the condition.</param>
    public static async Task<S3Server> StartAsync(bool conditions = false)
    {
        if (Missing is { } reason) Assert.Skip($"No S3 server: {reason}.");
        var server = new S3Server(conditions);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts a stopped server, on the port that it had.</summary>
    public async Task StartAgainAsync()
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true,
            WorkingDirectory = _folder };
        foreach (var argument in new[] { "-e", Program, Path.Combine(Home, "node_modules", "s3rver"), _folder,
            Port.ToString(CultureInfo.InvariantCulture), _conditions ? "conditions" : "" })
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        Port = int.Parse(await _process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("s3rver ended before it listened"), CultureInfo.InvariantCulture);
    }

    /// <summary>Kills the server, in the middle of whatever it does.</summary>
    public async Task StopAsync()
    {
        if (_process is null) return;
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Makes an empty bucket of a name that no other test has.</summary>
    public string NewBucket()
    {
        var bucket = $"b-{Guid.NewGuid():N}";
        Directory.CreateDirectory(FolderOf(bucket));
        return bucket;
    }

    /// <summary>The folder in which the server keeps a bucket; an object <c>k</c> is the file <c>k._S3rver_object</c>, an unfinished upload
    /// a folder in <c>._S3rver_uploads</c>.</summary>
    public string FolderOf(string bucket) => Path.Combine(_folder, bucket);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>
    /// Starts s3rver, says its port, and ends when its input does. In front of s3rver, which knows signatures of version 4 and does not
    /// check them, stands a check of them. If wanted, objects appear whole or not at all, and under the condition <c>If-None-Match: *</c>.
    /// </summary>
    private const string Program = """
        const [s3rver, directory, port, conditions] = process.argv.slice(1), crypto = require('crypto'), fs = require('fs'), path = require('path');
        const request = new (require('async_hooks').AsyncLocalStorage)();
        process.stdin.on('end', () => process.exit()).resume();
        const S3rver = require(s3rver), S3Error = require(s3rver + '/lib/models/error'), server = new S3rver({ address: '127.0.0.1', port: Number(port), directory, silent: true, vhostBuckets: false });
        const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
        const sha256 = text => crypto.createHash('sha256').update(text).digest('hex');
        const encode = text => encodeURIComponent(text).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16).toUpperCase());

        function signed(req) {
          const [at, query = ''] = req.url.split('?');
          const pairs = query.split('&').filter(p => p).map(p => { const i = p.indexOf('='); return (i < 0 ? [p, ''] : [p.slice(0, i), p.slice(i + 1)]).map(decodeURIComponent); });
          const asked = Object.fromEntries(pairs), header = req.headers.authorization;
          const of = header && Object.fromEntries(header.slice(header.indexOf(' ') + 1).split(',').map(p => p.trim().split(/=(.*)/s)));
          const [credential, names, signature, date] = of ? [of.Credential, of.SignedHeaders, of.Signature, req.headers['x-amz-date']]
            : [asked['X-Amz-Credential'], asked['X-Amz-SignedHeaders'], asked['X-Amz-Signature'], asked['X-Amz-Date']];
          if (!signature) return 'AccessDenied';
          const [id, ...scope] = credential.split('/');
          if (id !== 'S3RVER') return 'InvalidAccessKeyId';
          const canonical = [req.method, at,
            pairs.filter(([k]) => k !== 'X-Amz-Signature').map(([k, v]) => encode(k) + '=' + encode(v)).sort().join('&'),
            ...names.split(';').map(n => n + ':' + (req.headers[n] || '').trim().replace(/ +/g, ' ')), '', names,
            of ? req.headers['x-amz-content-sha256'] : 'UNSIGNED-PAYLOAD'].join('\n');
          const key = scope.reduce(hmac, 'AWS4S3RVER');
          return hmac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n')).toString('hex') === signature ? null : 'SignatureDoesNotMatch';
        }

        function refuse(ctx, status, code) {
          ctx.req.resume();
          ctx.status = status;
          ctx.type = 'application/xml';
          ctx.body = ctx.method === 'HEAD' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
        }

        server.middleware.unshift(async (ctx, next) => {
          const fault = signed(ctx.req);
          return fault ? refuse(ctx, 403, fault) : request.run(ctx, next);
        });

        if (conditions) server.store.putObject = async function (object) {
          const chunks = [];
          for await (const chunk of object.content) chunks.push(chunk); // throws where the connection breaks
          const body = Buffer.concat(chunks), at = this.getResourcePath(object.bucket, object.key, 'object');
          const md5 = crypto.createHash('md5').update(body).digest('hex');
          if (request.getStore().headers['if-none-match'] === '*' && fs.existsSync(at)) throw new S3Error('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
          fs.mkdirSync(path.dirname(at), { recursive: true });
          fs.writeFileSync(at + '.new', body);
          fs.renameSync(at + '.new', at);
          await this.putMetadata(object.bucket, object.key, object.metadata, md5);
          return { size: body.length, md5 };
        };
        server.run().then(at => console.log(at.port));
        """;
}
