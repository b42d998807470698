using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace LoraDrop.Service.Tests;

/// <summary>A request with something wrong in it, made from an operation of the OpenAPI document.</summary>
/// <param name="Method">The operation's, or another.</param>
/// <param name="Address">With whatever stands in the places of its parameters.</param>
/// <param name="ContentType">Of the body; null for none.</param>
/// <param name="Body">Null for none.</param>
/// <param name="Headers">Those that the operation knows, with strange values.</param>
internal sealed record MalformedRequest(string Method, string Address, string? ContentType, byte[]? Body,
    IReadOnlyList<(string Name, string Value)> Headers)
{
    public HttpRequestMessage ToMessage()
    {
        var request = new HttpRequestMessage(new(Method), new Uri(Address, UriKind.Relative));
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body);
            if (ContentType is not null) request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }
        foreach (var (name, value) in Headers) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    public override string ToString() => $"{Method} {Address} {ContentType} "
        + string.Join(", ", Headers.Select(header => $"{header.Name}: {header.Value}")) + "\n"
        + (Body is null ? "" : Encoding.UTF8.GetString(Body));
}

/// <summary>Makes malformed requests for every operation that a document describes: new operations are tried without being named
/// here.</summary>
internal static class MalformedRequests
{
    private static readonly string[] Texts =
    [
        "", " ", "null", "-1", "0", "1e309", "99999999999999999999", "true", "\0", "\r\n", "\u202e", "\ud83d\ude00",
        "'; DROP TABLE jobs; --", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>",
        "../../../../etc/passwd", "..%2f..%2f", "%00", "%2e%2e%2f", "C:\\Windows", "/etc/passwd", "file:///etc/passwd", "hf:../../x",
        "s3://../x", "http://169.254.169.254/", "http://[::ffff:127.0.0.1]/", "hf:a/b@../../c",
        "ld_aaaaaaaa_0000000000000000000000000000000000000000000", "00000000-0000-0000-0000-000000000000", "{}", "[]", "\"", new('a', 300),
        new('ä', 5000), "%s%n", "1;2", "a=b&c=d", "*", "?", "#",
    ];

    private static readonly string[] ContentTypes =
        ["application/json", "application/json; charset=utf-16", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded", "application/octet-stream", "nonsense", "application/xml"];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"];

    private static readonly Gen<string> Text = Gen.OneOf(AnyOf(Texts), Gen.String[Gen.Char, 0, 40], Gen.Guid.Select(id => id.ToString()),
        Gen.Long.Select(n => n.ToString()), Gen.Double.Select(n => n.ToString("R")));

    /// <summary>One of any operation.</summary>
    /// <param name="document">The OpenAPI document.</param>
    /// <param name="job">A job that is there: half of what only looks, looks at it.</param>
    public static Gen<MalformedRequest> Of(JsonNode document, Guid job)
    {
        var operations = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()
            .Select(operation => (Path: path.Key, Method: operation.Key.ToUpperInvariant(), Operation: operation.Value!))).ToArray();
        return AnyOf(operations).SelectMany(each => Of(document, job, each.Path, each.Method, each.Operation));
    }

    private static Gen<MalformedRequest> Of(JsonNode document, Guid job, string path, string method, JsonNode operation)
    {
        var parameters = (operation["parameters"]?.AsArray()
            ?? []).Select(p => (Name: p!["name"]!.GetValue<string>(), In: p["in"]!.GetValue<string>())).ToArray();
        var (query, headers) = (parameters.Where(p => p.In == "query").Select(p => p.Name).ToArray(),
            parameters.Where(p => p.In == "header").Select(p => p.Name).ToArray());
        var addresses = method == "GET"
            ? Gen.OneOf(AddressOf(path), AddressOf(path.Replace("{id}", $"{job}", StringComparison.Ordinal)))
            : AddressOf(path);
        return Gen.Select(addresses, QueryOf(query), HeadersOf(headers), BodyOf(document, operation), Gen.Int[0, 19], AnyOf(Methods),
            (address, asked, said, body, turn, other) =>
        {
            var sent = turn == 0 && !address.Contains($"{job}", StringComparison.Ordinal) ? other : method;
            return new MalformedRequest(sent, address + asked, body.Type, sent is "GET" or "HEAD" or "TRACE" && sent != method
                ? null
                : body.Bytes, said);
        });
    }

    private static Gen<string> AddressOf(string path)
    {
        var parts = path.Split('/').Select(part => part.StartsWith('{')
            ? Gen.OneOf(Gen.Guid.Select(id => id.ToString()), Text.Select(Escaped))
            : Gen.Const(part)).ToArray();
        return parts.Aggregate((a, b) => Gen.Select(a, b, (first, second) => $"{first}/{second}"));
    }

    private static Gen<string> QueryOf(string[] known) =>
        Gen.Select(known.Length == 0 ? Text : Gen.OneOf(AnyOf(known), Text), Text).List[0, 3].Select(pairs => pairs.Count == 0 ? "" : "?"
            + string.Join('&', pairs.Select(pair => $"{Escaped(pair.Item1)}={Escaped(pair.Item2)}")));

    private static Gen<IReadOnlyList<(string, string)>> HeadersOf(string[] known) =>
        known.Length == 0
            ? Gen.Const((IReadOnlyList<(string, string)>)[])
            : Gen.Select(AnyOf(known), Text.Select(Printable)).List[0, 2].Select(list => (IReadOnlyList<(string, string)>)[.. list]);

    private static Gen<(string? Type, byte[]? Bytes)> BodyOf(JsonNode document, JsonNode operation)
    {
        if (operation["requestBody"] is not { } body) return Gen.OneOf(Gen.Const(((string?)null, (byte[]?)null)), Garbage());
        var json = body["content"]!["application/json"]?["schema"];
        var wrong = json is null ? Garbage() : Wrong(document, json, depth: 0)
            .Select(value => ((string?)"application/json", (byte[]?)Encoding.UTF8.GetBytes(value?.ToJsonString() ?? "null")));
        return Gen.OneOf(wrong, wrong, wrong.SelectMany(Cut), Garbage(), Form());
    }

    private static Gen<(string? Type, byte[]? Bytes)> Garbage() =>
        Gen.Select(AnyOf(ContentTypes), Gen.OneOf(Text.Select(Utf8), Gen.Byte.Array[0, 200]),
            (type, bytes) => ((string?)type, (byte[]?)bytes));

    private static Gen<(string? Type, byte[]? Bytes)> Cut((string? Type, byte[]? Bytes) whole) =>
        Gen.Int[0, Math.Max(0, whole.Bytes!.Length - 1)].Select(at => (whole.Type, (byte[]?)whole.Bytes[..at]));

    private static Gen<(string? Type, byte[]? Bytes)> Form() => Gen.Select(Text, Text, Text, (name, file, content) =>
        ((string?)"multipart/form-data; boundary=b",
            (byte[]?)Utf8($"--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n{content}\r\n--b--\r\n")));

    /// <summary>A value after a schema in which no field is certain to be right, and one is there that nobody knows.</summary>
    private static Gen<JsonNode?> Wrong(JsonNode document, JsonNode schema, int depth)
    {
        schema = Resolved(document, schema);
        if (depth > 3) return Anything;
        if (schema["properties"] is JsonObject properties)
        {
            var fields = properties.Select(property =>
                Gen.Select(Gen.Int[0, 2], Gen.OneOf(Anything, Wrong(document, property.Value!, depth + 1)),
                    (there, value) => (property.Key, There: there > 0, Value: value))).ToArray();
            return Gen.Select(All(fields), Text, (values, unknown) =>
            {
                var made = new JsonObject();
                foreach (var (name, there, value) in values)
                    if (there) made[name] = value?.DeepClone();
                made[$"?{Sound(unknown)}"] = 1;
                return (JsonNode?)made;
            });
        }
        if (schema["items"] is { } items)
            return Wrong(document, items, depth + 1).Array[0, 3]
                .Select(list => (JsonNode?)new JsonArray([.. list.Select(item => item?.DeepClone())]));
        return Anything;
    }

    private static Gen<JsonNode?> Anything => Gen.OneOf(
        Text.Select(text => (JsonNode?)JsonValue.Create(Sound(text))), Gen.Long.Select(n => (JsonNode?)JsonValue.Create(n)),
        Gen.Double[-1e6, 1e6].Select(n => (JsonNode?)JsonValue.Create(n)), Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Const((JsonNode?)null), Gen.Const(0).Select(_ => (JsonNode?)new JsonArray(1, "a", null)),
        Gen.Const(0).Select(_ => (JsonNode?)new JsonObject { ["a"] = new JsonObject { ["a"] = new JsonArray() } }));

    private static Gen<T> AnyOf<T>(T[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    private static Gen<T[]> All<T>(IReadOnlyList<Gen<T>> gens) =>
        gens.Aggregate(Gen.Const(Array.Empty<T>()), (made, next) => Gen.Select(made, next, (list, item) => (T[])[.. list, item]));

    private static JsonNode Resolved(JsonNode document, JsonNode schema)
    {
        while (true)
        {
            if (schema["$ref"]?.GetValue<string>() is { } reference)
                schema = document["components"]!["schemas"]![reference[(reference.LastIndexOf('/') + 1)..]]!;
            else if (schema["allOf"]?[0] is { } first) schema = first;
            else return schema;
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Sound(string text) => new([.. text.Where(c => !char.IsSurrogate(c))]);

    private static string Escaped(string text) =>
        // some as they are: what is escaped twice, a dot segment
        text.Length % 7 == 3 && text.All(c => c is > ' ' and <= '~' and not ('#' or '?')) ? text : Uri.EscapeDataString(Sound(text));

    private static string Printable(string text) => new([.. text.Where(c => c is >= ' ' and <= '~')]);
}
