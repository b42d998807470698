namespace LoraDrop.Storage.Tests;

public sealed class S3OptionsFacts
{
    private static IEnumerable<string> Faults(S3Options options) =>
        options.Faults("Objects:S3").Select(fault => fault.Path["Objects:S3:".Length..]);

    [Fact]
    public void A_bucket_is_all_that_must_be_named() => Assert.Empty(Faults(new() { Bucket = "objects" }));

    [Fact]
    public void Every_fault_is_listed() => Assert.Equal(
        ["Bucket", "Endpoint", "PublicEndpoint", "Region", "SecretKey", "Prefix", "PartBytes", "RequestTimeout"],
        Faults(new() { Endpoint = "minio:9000", PublicEndpoint = "https://a:b@c", Region = " ", AccessKey = "k", Prefix = "x",
        PartBytes = 1 << 20, RequestTimeout = TimeSpan.Zero }));

    [Theory]
    [InlineData("http://127.0.0.1:4568")]
    [InlineData("https://minio.example/")]
    public void An_endpoint_is_a_host(string endpoint) =>
    Assert.Empty(Faults(new() { Bucket = "objects", Endpoint = endpoint, Prefix = "a/b/", AccessKey = "k", SecretKey = "s" }));

    [Theory]
    [InlineData("Objects")]
    [InlineData("ab")]
    [InlineData("a/b")]
    public void A_bucket_has_a_name_as_buckets_have(string bucket) => Assert.Equal(["Bucket"], Faults(new() { Bucket = bucket }));
}
