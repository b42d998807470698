namespace LoraDrop.Cli.Tests;

public sealed class InputCommandFacts(RunningService service) : IClassFixture<RunningService>
{
    [Fact]
    public void An_upload_is_validated_and_shown_with_its_columns()
    {
        var uploaded = Assert.Single(service.Run("datasets", "upload", "good", "--train", service.Tiny.Train, "--validation",
            service.Tiny.Validation).Well().Events);
        Assert.Equal("ready", uploaded.Text("status"));
        Assert.Equal(["train", "validation"], uploaded.GetProperty("splits").EnumerateArray().Select(s => s.Text("split")));
        var page = service.Show("datasets", "get", "good").Well().Output;
        Assert.All(["train  40 rows", "validation  12 rows", "mood", "bad ×20, good ×20"], words => Assert.Contains(words, page));
        Assert.Contains("good", service.Show("datasets", "list").Well().Output);
        Assert.Contains("20 of 40 rows of train", service.Show("datasets", "preview", "good").Well().Output);
        service.Run("datasets", "preview", "good", "--split", "test").Complained(ExitCode.Usage, "split_not_found");
        service.Run("datasets", "upload", "good", "--train", service.Tiny.Train).Complained(ExitCode.Usage, "dataset_exists");
        service.Run("datasets", "delete", "good").Well();
        service.Run("datasets", "get", "good").Complained(ExitCode.Usage, "dataset_not_found");
    }

    [Fact]
    public void Of_a_long_text_the_preview_shows_the_beginning()
    {
        var file = service.Tiny.Written("train.tsv", $"text\tmood\n{new string('x', 400)}\tgood\nshort\tbad\n");
        service.Run("datasets", "upload", "long", "--train", file).Well();
        var shown = service.Show("datasets", "preview", "long").Well().Output;
        Assert.Contains($" {new string('x', 100)}… ", shown);
        Assert.DoesNotContain(new string('x', 101), shown);
        Assert.Contains(new string('x', 400), service.Run("datasets", "preview", "long").Well().Output);
    }

    [Fact]
    public void Every_fault_of_an_upload_names_row_and_column()
    {
        var file = service.Tiny.Written("train.jsonl", "{\"text\": \"a\", \"mood\": \"good\"}\n[]\n{\"text\": \"b\"\n");
        service.Run("datasets", "upload", "faulty", "--train", file)
            .Complained(ExitCode.Usage, "train.jsonl row 2 (line 2): must be a JSON object", "train.jsonl row 3 (line 3): is not JSON");
        service.Run("datasets", "get", "faulty").Complained(ExitCode.Usage, "train.jsonl row 2 (line 2)");
    }

    [Fact]
    public void Files_that_are_not_here_are_named_before_anything_is_sent() =>
        service.Run("datasets", "upload", "absent", "--train", "/nowhere/train.tsv", "--test", "/nowhere/test.tsv")
            .Complained(ExitCode.Usage, "--train: file not found: /nowhere/train.tsv", "--test: file not found");

    [Fact]
    public void Without_waiting_the_service_goes_on_alone() =>
        Assert.Equal("preparing", Assert.Single(service.Run("datasets", "upload", "later", "--train", service.Tiny.Train, "--no-wait")
            .Well().Events).Text("status"));

    [Fact]
    public void A_dataset_of_the_service_s_machine_is_read_in_place()
    {
        var folder = Path.GetDirectoryName(service.Tiny.Train)!;
        Assert.Equal($"file:{folder}", Assert.Single(service.Run("datasets", "add", "local", folder).Well().Events).Text("source"));
        service.Run("datasets", "add", "local", "file:relative").Complained(ExitCode.Usage, "source: must be an absolute path");
    }

    [Fact]
    public void A_model_is_registered_looked_at_and_deleted()
    {
        Assert.Equal("ready", Assert.Single(service.Run("models", "add", "small", service.Tiny.Model).Well().Events).Text("status"));
        Assert.Contains("roberta: 3 layers of width 16", service.Show("models", "get", "small").Well().Output);
        Assert.Contains("small", service.Show("models", "list").Well().Output);
        service.Run("models", "delete", "small").Well();
        service.Run("models", "get", "small").Complained(ExitCode.Usage, "model_not_found");
    }

    [Fact]
    public void A_model_that_cannot_be_used_is_refused_with_the_reason()
    {
        var folder = service.Tiny.Copy(service.Tiny.Model);
        File.Delete(Path.Combine(folder, "model.safetensors"));
        service.Run("models", "add", "hollow", folder).Complained(ExitCode.Usage, "model.safetensors");
        service.Run("models", "add", "none", "file:/nowhere").Complained(ExitCode.Usage, "source: there is no folder /nowhere");
    }
}
