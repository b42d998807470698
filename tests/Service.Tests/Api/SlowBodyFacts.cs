using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace LoraDrop.Service.Tests;

public sealed class SlowBodyFacts(SharedService shared) : IClassFixture<SharedService>
{
    [Theory]
    [InlineData("/jobs", "application/json", "{")]
    [InlineData("/datasets", "multipart/form-data; boundary=b", "--b\r\n")]
    public async Task A_body_that_trickles_in_is_not_waited_for(string path, string type, string begin)
    {
        var service = shared.Service;
        var before = await service.RowsAsync(db => db.Datasets.CountAsync());
        using var client = new TcpClient();
        await client.ConnectAsync(service.Address.Host, service.Address.Port);
        var connection = client.GetStream();
        await connection.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: 1000000\r\n\r\n{begin}"));
        using var answer = new StreamReader(connection);
        var said = answer.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try
        {
            while (!said.IsCompleted)
            {
                await Task.Delay(100, patience.Token);
                await connection.WriteAsync(" "u8.ToArray(), patience.Token);
            }
        }
        catch (IOException)
        {
            // It hung up, which is what a slow client deserves.
        }
        Assert.StartsWith("HTTP/1.1 408", await said);
        Assert.Contains("too_slow", await said);
        Assert.Equal(before, await service.RowsAsync(db => db.Datasets.CountAsync()));
        Assert.Empty(service.Errors);
    }
}
