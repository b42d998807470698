namespace LoraDrop.Domain.Tests;

public sealed class SourceFacts
{
    [Theory]
    [InlineData("rte")]
    [InlineData("RTE-2.v_1")]
    [InlineData("7b")]
    public void A_plain_name_is_a_registered_one(string written) => Assert.Equal(new Source.Registered(written), Read(written));

    [Theory]
    [InlineData("hf:FacebookAI/roberta-base", "FacebookAI/roberta-base", null, null)]
    [InlineData("hf:gpt2", "gpt2", null, null)]
    [InlineData("hf:FacebookAI/roberta-base@e2da8e2f811d1448a5b465c236feacd80ffbac7b", "FacebookAI/roberta-base",
        "e2da8e2f811d1448a5b465c236feacd80ffbac7b", null)]
    [InlineData("hf:nyu-mll/glue#rte", "nyu-mll/glue", null, "rte")]
    [InlineData("hf:nyu-mll/glue@refs/convert/parquet#mnli_matched", "nyu-mll/glue", "refs/convert/parquet", "mnli_matched")]
    [InlineData("hf:wikimedia/wikipedia#20231101.en", "wikimedia/wikipedia", null, "20231101.en")]
    public void A_hub_source_has_a_repository_and_perhaps_a_revision_and_a_config(string written, string repository, string? revision,
    string? config) =>
        Assert.Equal(new Source.Hub(repository, revision, config), Read(written));

    [Fact]
    public void Files_that_were_sent_are_named_by_their_ids()
    {
        var (train, validation) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        Assert.Equal(new Source.Files(train), Read($"upload:{train}"));
        Assert.Equal(new Source.Files(train, validation), Read(new Source.Files(train, validation).ToString()));
        foreach (var wrong in new[] { "upload:", "upload:rte", $"upload:{train},", $"upload:{train},x", $"upload:x,{train}",
            $"upload:{train:N}" })
        {
            var faults = new List<Fault>();
            Assert.Null(Source.Parse(wrong, "dataset", faults));
            Assert.StartsWith("must be written upload:<id of a file>", Assert.Single(faults).Message);
        }
    }

    [Theory]
    [InlineData("file:/data/rte", "/data/rte")]
    [InlineData("file:///data/rte", "/data/rte")]
    [InlineData("file:/data/open/../secret", "/data/secret")]
    public void A_local_path_is_absolute_and_free_of_dots(string written, string path) =>
    Assert.Equal(new Source.LocalPath(path), Read(written));

    [Theory]
    [InlineData("rte")]
    [InlineData("hf:nyu-mll/glue@refs/pr/1#rte")]
    [InlineData("file:/data/rte")]
    [InlineData("s3://data/rte/")]
    [InlineData("s3://data/")]
    public void Its_text_reads_as_an_equal_source(string written) => Assert.Equal(Read(written), Read(Read(written).ToString()));

    [Theory]
    [InlineData("hf:")]
    [InlineData("hf:/glue")]
    [InlineData("hf:nyu-mll/")]
    [InlineData("hf:a/b/c")]
    [InlineData("hf:../evil")]
    [InlineData("hf:org/a..b")]
    [InlineData("hf:org/a--b")]
    [InlineData("hf:org/-a")]
    [InlineData("hf:org/a.")]
    [InlineData("hf:org/a.git")]
    [InlineData("hf:org/a b")]
    [InlineData("hf:org/naïve")]
    [InlineData("hf:org/a\n")]
    public void A_repository_that_the_hub_would_not_have_is_refused(string written) => Assert.Contains("hf:<org>/<name>", Refusal(written));

    [Fact]
    public void A_part_of_a_repository_has_at_most_96_characters()
    {
        Assert.IsType<Source.Hub>(Read("hf:" + new string('a', 96) + "/" + new string('b', 96)));
        Refusal("hf:org/" + new string('a', 97));
    }

    [Theory]
    [InlineData("hf:org/name@")]
    [InlineData("hf:org/name@../main")]
    [InlineData("hf:org/name@a b")]
    [InlineData("hf:org/name@one@two")]
    public void A_revision_that_git_would_not_have_is_refused(string written) => Assert.Contains("after '@'", Refusal(written));

    [Theory]
    [InlineData("hf:org/name#")]
    [InlineData("hf:org/name#a/b")]
    [InlineData("hf:org/name#rte@main")]
    public void A_config_that_the_hub_would_not_have_is_refused(string written) => Assert.Contains("after '#'", Refusal(written));

    [Fact]
    public void All_faults_of_a_hub_source_come_at_once()
    {
        var faults = new List<Fault>();
        Assert.Null(Source.Parse("hf:../evil@..#/", "model", faults));
        Assert.Equal(3, faults.Count);
    }

    [Theory]
    [InlineData("file:data/rte", "absolute")]
    [InlineData("file:", "absolute")]
    [InlineData("file:~/rte", "absolute")]
    [InlineData("file://server/rte", "one slash")]
    [InlineData("file:/data\0/rte", "control character")]
    public void A_file_that_cannot_be_meant_is_refused(string written, string reason) => Assert.Contains(reason, Refusal(written));

    [Theory]
    [InlineData("s3://data/models/roberta", "data", "models/roberta")]
    [InlineData("s3://data/models/roberta/", "data", "models/roberta")]
    [InlineData("s3://our-data.v2/rte/train.tsv", "our-data.v2", "rte/train.tsv")]
    [InlineData("s3://data/with space/ä", "data", "with space/ä")]
    [InlineData("s3://data", "data", "")]
    [InlineData("s3://data/", "data", "")]
    public void A_bucket_has_folders_and_objects(string written, string bucket, string prefix) =>
    Assert.Equal(new Source.S3(bucket, prefix), Read(written));

    [Theory]
    [InlineData("s3:", "s3://<bucket>/<folder>")]
    [InlineData("s3:data/rte", "s3://<bucket>/<folder>")]
    [InlineData("s3:/data/rte", "s3://<bucket>/<folder>")]
    [InlineData("s3://", "valid bucket name")]
    [InlineData("s3:///rte", "valid bucket name")]
    [InlineData("s3://ab/rte", "valid bucket name")]
    [InlineData("s3://Data/rte", "valid bucket name")]
    [InlineData("s3://da_ta/rte", "valid bucket name")]
    [InlineData("s3://-data/rte", "valid bucket name")]
    [InlineData("s3://data./rte", "valid bucket name")]
    [InlineData("s3://da..ta/rte", "valid bucket name")]
    [InlineData("s3://user:key@host/rte", "valid bucket name")]
    [InlineData("s3://data:9000/rte", "valid bucket name")]
    [InlineData("s3://data\n/rte", "valid bucket name")]
    [InlineData("s3://data/../other", "without '.', '..' or empty parts")]
    [InlineData("s3://data/./rte", "without '.', '..' or empty parts")]
    [InlineData("s3://data//rte", "without '.', '..' or empty parts")]
    [InlineData("s3://data/rte//", "without '.', '..' or empty parts")]
    [InlineData("s3://data/a\nb", "control character")]
    public void A_bucket_or_folder_that_cannot_be_meant_is_refused(string written, string reason) =>
    Assert.Contains(reason, Refusal(written));

    [Fact]
    public void A_folder_of_a_bucket_has_at_most_512_characters()
    {
        Read("s3://data/" + new string('a', 512));
        Assert.Contains("got 513", Refusal("s3://data/" + new string('a', 513)));
    }

    [Theory]
    [InlineData("HF:org/name", "did you mean hf?")]
    [InlineData("flie:/data", "did you mean file?")]
    [InlineData("ftp://host/x", "\"ftp:\"")]
    [InlineData("ftp://host/x", "expected a registered name")]
    [InlineData("https://huggingface.co/FacebookAI/roberta-base", "write hf:<org>/<name>")]
    [InlineData("C:\\data", "\"C:\"")]
    public void An_unknown_scheme_is_answered_with_what_is_understood(string written, string answer) =>
    Assert.Contains(answer, Refusal(written));

    [Theory]
    [InlineData("", "got none")]
    [InlineData(".hidden", "begin with a letter or a digit")]
    [InlineData("..", "begin with a letter or a digit")]
    [InlineData("-x", "begin with a letter or a digit")]
    [InlineData("a b", "U+0020")]
    [InlineData("a\nb", "U+000A")]
    [InlineData("rte🙂", "'🙂'")]
    [InlineData("ärger", "'ä'")]
    [InlineData("a\\b", "'\\'")]
    [InlineData("FacebookAI/roberta-base", "\"hf:FacebookAI/roberta-base\"")]
    [InlineData("/data/rte", "file: followed by its absolute path")]
    public void A_name_that_cannot_be_registered_is_told_why(string name, string reason)
    {
        var fault = Source.NameFault(name, "name")!;
        Assert.Equal("name", fault.Path);
        Assert.Contains(reason, fault.Message);
    }

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        Assert.Null(Source.NameFault(new string('a', 63), "name"));
        Assert.Contains("got 64", Source.NameFault(new string('a', 64), "name")!.Message);
    }

    [Theory]
    [InlineData("", 'a')]
    [InlineData("", '/')]
    [InlineData("", '-')]
    [InlineData("", '\uD83D')]
    [InlineData("hf:", 'a')]
    [InlineData("hf:a/b@", '.')]
    [InlineData("hf:a/b#", '*')]
    [InlineData("file:", 'a')]
    [InlineData("s3:", 'a')]
    [InlineData("s3://", 'a')]
    [InlineData("s3://data/", '/')]
    [InlineData("https://huggingface.co/", 'a')]
    [InlineData("x:", 'a')]
    [InlineData("xxxxxx", ':')]
    public void Ten_thousand_characters_are_never_echoed(string start, char filling) =>
    Assert.InRange(Refusal(start + new string(filling, 10_000)).Length, 10, 400);

    [Fact]
    public void A_scheme_of_ten_thousand_characters_is_not_echoed_either() =>
    Assert.InRange(Refusal(new string('a', 10_000) + ":x").Length, 10, 400);

    private static Source Read(string written)
    {
        var faults = new List<Fault>();
        var source = Source.Parse(written, "model", faults);
        Assert.Empty(faults);
        return source!;
    }

    private static string Refusal(string written)
    {
        var faults = new List<Fault>();
        Assert.Null(Source.Parse(written, "model", faults));
        var fault = Assert.Single(faults);
        Assert.Equal("model", fault.Path);
        return fault.Message;
    }
}
