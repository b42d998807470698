using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoraDrop.Service.Tests;

/// <summary>Takes traces as a collector does: OTLP over HTTP, in protobuf.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<OtlpSpan> _spans = new();

    private OtlpReceiver(WebApplication app)
    {
        _app = app;
        app.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await (request.Headers.ContentEncoding == "gzip"
                ? new GZipStream(request.Body, CompressionMode.Decompress)
                : request.Body).CopyToAsync(body);
            foreach (var span in Read(body.ToArray())) _spans.Enqueue(span);
            return Results.Bytes([], "application/x-protobuf");
        });
    }

    public string Address => _app.Urls.First();

    public IReadOnlyList<OtlpSpan> Spans => [.. _spans];

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var receiver = new OtlpReceiver(builder.Build());
        await receiver._app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>ExportTraceServiceRequest: resource_spans 1 { resource 1 { attributes 1 }, scope_spans 2 { spans 2 } }.</summary>
    private static IEnumerable<OtlpSpan> Read(byte[] request)
    {
        foreach (var ofResource in Fields(request).Where(f => f.Number == 1))
        {
            var parts = Fields(ofResource.Bytes).ToList();
            var resource = Attributes(parts.Where(f => f.Number == 1).SelectMany(f => Fields(f.Bytes)).Where(f => f.Number == 1));
            foreach (var span in parts.Where(f => f.Number == 2).SelectMany(f => Fields(f.Bytes)).Where(f => f.Number == 2))
                yield return SpanOf(resource["service.name"], Fields(span.Bytes).ToList());
        }
    }

    /// <summary>Span: trace_id 1, span_id 2, parent_span_id 4, name 5, kind 6, start 7, end 8, attributes 9, status 15 { code 3
    /// }.</summary>
    private static OtlpSpan SpanOf(string service, List<Field> fields)
    {
        byte[] Bytes(int number) => fields.Find(f => f.Number == number)?.Bytes ?? [];
        ulong Whole(int number) => fields.Find(f => f.Number == number)?.Value ?? 0;
        var status = Fields(Bytes(15)).FirstOrDefault(f => f.Number == 3)?.Value ?? 0;
        return new(service, Convert.ToHexStringLower(Bytes(1)), Convert.ToHexStringLower(Bytes(2)), Convert.ToHexStringLower(Bytes(4)),
            System.Text.Encoding.UTF8.GetString(Bytes(5)), (int)Whole(6), Whole(7), Whole(8), status == 2,
            Attributes(fields.Where(f => f.Number == 9)));
    }

    /// <summary>KeyValue: key 1, value 2 { string 1, bool 2, int 3, double 4 }.</summary>
    private static Dictionary<string, string> Attributes(IEnumerable<Field> pairs) =>
        pairs.Select(pair => Fields(pair.Bytes).ToList()).ToDictionary(
        pair => System.Text.Encoding.UTF8.GetString(pair.Find(f => f.Number == 1)!.Bytes),
        pair => Fields(pair.Find(f => f.Number == 2)!.Bytes).FirstOrDefault() is not { } value ? "" : value.Number == 1
        ? System.Text.Encoding.UTF8.GetString(value.Bytes)
        : ((long)value.Value).ToString(CultureInfo.InvariantCulture));

    private static IEnumerable<Field> Fields(byte[] message)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag && tag != 0)
            yield return WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.LengthDelimited => new(WireFormat.GetTagFieldNumber(tag), input.ReadBytes().ToByteArray(), 0),
                WireFormat.WireType.Varint => new(WireFormat.GetTagFieldNumber(tag), [], input.ReadUInt64()),
                WireFormat.WireType.Fixed64 => new(WireFormat.GetTagFieldNumber(tag), [], input.ReadFixed64()),
                WireFormat.WireType.Fixed32 => new(WireFormat.GetTagFieldNumber(tag), [], input.ReadFixed32()),
                var other => throw new InvalidDataException($"{other} in a trace"),
            };
    }

    private sealed record Field(int Number, byte[] Bytes, ulong Value);
}

/// <summary>A span as it was exported; times in nanoseconds since 1970.</summary>
internal sealed record OtlpSpan(string Service, string TraceId, string SpanId, string ParentId, string Name, int Kind, ulong Start,
    ulong End, bool Failed, IReadOnlyDictionary<string, string> Attributes)
{
    public const int Server = 2, Client = 3, Consumer = 5;
}
