using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace LoraDrop.Api.Web;

/// <summary>The pages' scripts and styles, embedded in this assembly; compressed once, when first asked for.</summary>
internal sealed class PageAssets
{
    private const string Prefix = "assets/";

    /// <summary>Brotli's level: a megabyte takes a fifth of a second, once, and becomes a third.</summary>
    private const int Level = 6;

    private static readonly string[] Folders = ["/ui/assets", "/_content", "/_framework"];

    private readonly Dictionary<string, Lazy<Asset>> _assets;

    public PageAssets(ThemeStyles theme)
    {
        var assembly = Assembly.GetExecutingAssembly();
        _assets = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..], name => new Lazy<Asset>(() => Read(assembly, name)));
        _assets["ui/theme.css"] = new(() => Asset.Of("text/css; charset=utf-8", theme.Css()));
    }

    /// <summary>An asset's address with its digest, so that browsers keep it until it changes.</summary>
    public string this[string path] => $"{path}?v={_assets[path].Value.Digest}";

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var folder in Folders)
            routes.MapGet($"{folder}/{{**path}}", (string path, HttpContext http, PageAssets assets) => assets.Get(folder, path, http))
                .ExcludeFromDescription().AllowsAnonymous();
    }

    /// <summary>Whether a path is an asset's.</summary>
    public static bool Holds(PathString path) => Folders.Any(folder => path.StartsWithSegments(folder));

    private IResult Get(string folder, string path, HttpContext http)
    {
        var name = folder == Folders[0] ? $"ui/{path}" : $"{folder[1..]}/{path}";
        if (!_assets.TryGetValue(name, out var asset)) return Problems.Of(ProblemKind.NotFound, $"{folder}/{path} does not exist.");
        var (headers, value) = (http.Response.Headers, asset.Value);
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.CacheControl = http.Request.Query.ContainsKey("v") ? "public, max-age=31536000, immutable" : "public, no-cache";
        var packed = http.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        if (packed) headers.ContentEncoding = "br";
        return TypedResults.Bytes(packed ? value.Brotli : value.Plain, value.Type,
            entityTag: new($"\"{value.Digest}{(packed ? "-br" : "")}\""));
    }

    private static Asset Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new(TypeOf(name), bytes);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"{name}: no content type for {other}"),
    };

    private sealed class Asset(string type, byte[] plain)
    {
        private readonly Lazy<byte[]> _brotli = new(() => Compress(plain));

        public static Asset Of(string type, string text) => new(type, System.Text.Encoding.UTF8.GetBytes(text));

        public string Type => type;

        public byte[] Plain => plain;

        public byte[] Brotli => _brotli.Value;

        public string Digest { get; } = Convert.ToHexStringLower(SHA256.HashData(plain))[..12];

        private static byte[] Compress(byte[] plain)
        {
            var packed = new byte[BrotliEncoder.GetMaxCompressedLength(plain.Length)];
            return BrotliEncoder.TryCompress(plain, packed, out var length, Level, window: 22) ? packed[..length]
                : throw new InvalidOperationException("Brotli wrote more than its own bound.");
        }
    }
}
