using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using LoraDrop.Api;
using LoraDrop.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace LoraDrop.Service.Tests;

public sealed class OidcFacts : IAsyncLifetime
{
    private readonly RsaSecurityKey _key = new(RSA.Create(2048)) { KeyId = "one" };
    private WebApplication _provider = null!;
    private TestService _service = null!;

    private string Authority => _provider.Urls.First();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _provider = builder.Build();
        _provider.MapGet("/.well-known/openid-configuration",
            () => Results.Json(new { issuer = Authority, jwks_uri = $"{Authority}/keys", response_types_supported = new[] { "code" },
            subject_types_supported = new[] { "public" }, id_token_signing_alg_values_supported = new[] { "RS256" } }));
        _provider.MapGet("/keys", () =>
        {
            var parameters = _key.Rsa.ExportParameters(includePrivateParameters: false);
            return Results.Json(
                new { keys = new[] { new { kty = "RSA", use = "sig", kid = "one", alg = "RS256",
                n = Base64UrlEncoder.Encode(parameters.Modulus), e = Base64UrlEncoder.Encode(parameters.Exponent) } } });
        });
        await _provider.StartAsync();
        _service = await StartAsync("groups.loradrop");
        await _service.AddInputsAsync();
    }

    [Fact]
    public async Task A_token_has_the_role_that_its_claim_is_mapped_to_and_its_subject_owns_what_it_makes()
    {
        using var ml = _service.As(Token("alice", new { loradrop = new[] { "somebody", "ml-engineers" } }));
        var id = await ml.SubmitAsync();
        var me = await ml.ReadAsync("/me");
        Assert.Equal(("alice", "submit"), (me.GetProperty("owner").GetString(), me.GetProperty("role").GetString()));
        using (var keys = await ml.GetAsync("/keys")) await keys.ProblemAsync(HttpStatusCode.Forbidden, "forbidden");

        using var other = _service.As(Token("mallory", new { loradrop = "ml-engineers" }));
        using (var page = await other.GetAsync($"/jobs/{id}")) await page.ProblemAsync(HttpStatusCode.NotFound, "job_not_found");
        using var platform = _service.As(Token("root", new { loradrop = new[] { "platform", "ml-engineers" } }));
        using (var page = await platform.GetAsync($"/jobs/{id}")) Assert.Equal(HttpStatusCode.OK, page.StatusCode);

        using var key = _service.As(await _service.KeyAsync(Role.Read, "alice")); // keys go on to be taken, and an owner is an owner
        using (var page = await key.GetAsync($"/jobs/{id}")) Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task A_token_that_should_not_be_trusted_is_refused_and_the_reason_is_named()
    {
        var role = new { loradrop = "platform" };
        var stolen = new RsaSecurityKey(RSA.Create(2048)) { KeyId = "one" };
        foreach (var (token, reason) in new[]
        {
            (Token("a", role, audience: "another"), "another audience"),
            (Token("a", role, issuer: "http://evil.example"), "another provider"), (Token("a", role, expires: -3600), "expired"),
            (Token("a", role, key: stolen), "signature"), (Token("a", new { loradrop = "strangers" }), "contains no role"),
            (Token("a", new { }), "contains no role"), (Token("*", role), "is not a valid owner"),
            (Token("", role), "no claim sub"), ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "signature"),
            ("garbage", "not a token of the configured provider"),
        })
        {
            using var client = _service.As(token);
            using var answer = await client.GetAsync("/jobs");
            Assert.Contains(reason, (await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized")).GetProperty("detail")
                .GetString());
            Assert.Equal("Bearer error=\"invalid_token\"", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Theory]
    [InlineData("http://login.example", "loradrop", "Oidc:Authority")]
    [InlineData("nonsense", "loradrop", "Oidc:Authority")]
    [InlineData("https://login.example", null, "Oidc:Audience")]
    [InlineData(null, "loradrop", "Oidc:Authority")]
    public void Settings_that_would_trust_too_much_are_refused(string? authority, string? audience, string path) =>
        Assert.Equal(path, Assert.Single(new OidcOptions { Authority = authority, Audience = audience }.Faults("Oidc")).Path);

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _provider.DisposeAsync();
        _key.Rsa.Dispose();
    }

    private Task<TestService> StartAsync(string claim) => TestService.StartAsync(services =>
    {
        services.AddSingleton(TestService.ApiDefaults with { RequireKey = true });
        services.AddOidc(new OidcOptions { Authority = Authority, Audience = "loradrop", RoleClaim = claim,
            Roles = new Dictionary<string, string> { ["ml-engineers"] = "submit", ["platform"] = "admin" } });
    });

    private string Token(string subject, object groups, string audience = "loradrop", string? issuer = null, int expires = 600,
        RsaSecurityKey? key = null) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        Issuer = issuer ?? Authority, Audience = audience, Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(expires),
        IssuedAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-7200),
        SigningCredentials = new(key ?? _key, SecurityAlgorithms.RsaSha256),
        Subject = new ClaimsIdentity(subject.Length > 0 ? [new Claim("sub", subject)] : []),
        Claims = new Dictionary<string, object> { ["groups"] = JsonSerializer.SerializeToElement(groups) },
    });
}
