namespace LoraDrop.Service.Tests;

public sealed class HubDatasetFacts
{
    private static readonly string[] Glue =
    [
        "README.md", "cola/train-00000-of-00001.parquet", "cola/validation-00000-of-00001.parquet", "mnli/train-00000-of-00001.parquet",
        "mnli/validation_matched-00000-of-00001.parquet", "mnli/validation_mismatched-00000-of-00001.parquet",
        "mnli/test_matched-00000-of-00001.parquet",
        "rte/train-00000-of-00001.parquet", "rte/validation-00000-of-00001.parquet", "rte/test-00000-of-00001.parquet",
    ];

    [Fact]
    public async Task The_preset_names_the_config()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(Glue);
        var snapshot = await visit.FetchDatasetAsync(preset: "glue/rte");
        Assert.Equal("rte", snapshot.Config);
        Assert.Equal(["test.parquet", "train.parquet", "validation.parquet"], visit.Fetched());
        Assert.Equal("rte/train-00000-of-00001.parquet", snapshot.Files[0].Path);
        Assert.Contains("rte/test-", File.ReadAllText(Path.Combine(visit.Target, "test.parquet")));
    }

    [Fact]
    public async Task A_config_that_is_asked_for_comes_before_the_presets()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(Glue);
        Assert.Equal("cola", (await visit.FetchDatasetAsync("hf:org/data#cola", "glue/rte")).Config);
    }

    [Fact]
    public async Task The_matched_set_of_MNLI_validates()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(Glue);
        var snapshot = await visit.FetchDatasetAsync(preset: "glue/mnli");
        Assert.Equal("mnli/validation_matched-00000-of-00001.parquet",
            snapshot.Files.Single(file => file.Name == "validation.parquet").Path);
        Assert.Equal("mnli/test_matched-00000-of-00001.parquet", snapshot.Files.Single(file => file.Name == "test.parquet").Path);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("glue/wnli")]
    public async Task Configs_that_cannot_be_told_apart_are_listed(string? preset)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(Glue);
        var refusal = await visit.DatasetRefusalAsync(preset: preset);
        Assert.Contains("cola, mnli, rte", refusal);
        Assert.Contains("hf:org/data#cola", refusal);
    }

    [Fact]
    public async Task A_config_that_is_not_there_is_answered_with_those_that_are()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(Glue);
        Assert.Contains("no config wnli; it has cola, mnli, rte", await visit.DatasetRefusalAsync("hf:org/data#wnli", "glue/rte"));
    }

    [Theory]
    [InlineData("train.csv", "dev.csv", "train.csv validation.csv")]
    [InlineData("train.tsv", "validation.tsv", "train.tsv validation.tsv")]
    [InlineData("data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet", "test.parquet train.parquet")]
    [InlineData("data/train-00000-of-00001-a09b74b3ef9c3b56.parquet", "data/valid.jsonl", "train.parquet validation.jsonl")]
    [InlineData("rte/train.jsonl", "rte/val.jsonl", "train.jsonl validation.jsonl")]
    [InlineData("data/rte/train.json", "data/rte/test.json", "test.jsonl train.jsonl")]
    [InlineData("default/train/0000.parquet", "default/validation/0000.parquet", "train.parquet validation.parquet")]
    [InlineData("train.csv", "../test.csv", "train.csv")]
    [InlineData("train.csv", "notes/about the test.csv", "train.csv")]
    [InlineData("ütf-8 #1?/train.csv", "ütf-8 #1?/test.csv", "test.csv train.csv")]
    public async Task The_usual_layouts_are_understood(string one, string other, string fetched)
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset(one, other);
        await visit.FetchDatasetAsync();
        Assert.Equal(fetched.Split(' '), visit.Fetched());
    }

    [Fact]
    public async Task A_split_in_several_files_is_refused_with_their_number()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset("data/train-00000-of-00003.parquet",
            "data/train-00001-of-00003.parquet", "data/train-00002-of-00003.parquet");
        Assert.Contains("split train in 3 files (data/train-00000-of-00003.parquet,", await visit.DatasetRefusalAsync());
    }

    [Fact]
    public async Task A_dataset_without_a_train_split_is_refused_with_what_it_has()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset("test.csv");
        Assert.Contains("no supported train split; it has test.", await visit.DatasetRefusalAsync());
    }

    [Fact]
    public async Task A_dataset_that_is_a_program_is_refused_with_where_its_conversion_is()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset("data.py", "dummy.zip");
        Assert.Contains("try hf:org/data@refs/convert/parquet", await visit.DatasetRefusalAsync());
    }

    [Theory]
    [InlineData("""[{"text":"a"},{"text":"b"}]""", "train.json")]
    [InlineData("\n [\n{\"text\": \"a\"}\n]", "train.json")]
    [InlineData("{\"text\": \"a\"}\n{\"text\": \"b\"}\n", "train.jsonl")]
    public async Task A_json_file_is_called_by_what_it_holds(string json, string name)
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("datasets/org/data", "train.json", json);
        await visit.FetchDatasetAsync();
        Assert.Equal([name], visit.Fetched());
        Assert.Equal(json, File.ReadAllText(Path.Combine(visit.Target, name)));
    }

    [Theory]
    [InlineData("{\n  \"data\": []\n}\n")]
    [InlineData("text")]
    public async Task A_json_file_that_holds_neither_lines_nor_a_list_is_refused(string json)
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("datasets/org/data", "train.json", json);
        Assert.Contains("train.json of org/data contains neither JSON Lines nor a list of objects", await visit.DatasetRefusalAsync());
        Assert.Empty(visit.Fetched());
    }

    [Fact]
    public async Task The_card_says_which_files_belong_together()
    {
        await using var visit = await HubVisit.BeginAsync();
        visit.Hub.Put("datasets/org/data", "README.md", """
            ---
            license: other
            configs:
            - config_name: plain
              data_files:
              - split: train
                path: raw/first-*
              - split: validation
                path:
                - raw/second.csv
              - split: test
                path: nowhere/*
            - config_name: hard
              data_files: hard.csv
            ---
            # A dataset
            """);
        visit.WithDataset("raw/first-0.csv", "raw/second.csv", "hard.csv", "train.csv");
        var snapshot = await visit.FetchDatasetAsync("hf:org/data#plain");
        Assert.Equal(["raw/first-0.csv", "raw/second.csv"], snapshot.Files.Select(file => file.Path));
        Assert.Contains("plain, hard", await visit.DatasetRefusalAsync());
    }

    [Fact]
    public async Task A_card_that_is_no_YAML_is_refused_with_the_line()
    {
        await using var visit = (await HubVisit.BeginAsync()).WithDataset("train.csv");
        visit.Hub.Put("datasets/org/data", "README.md", "---\nconfigs: [\n---\n");
        Assert.Contains("README.md of org/data cannot be read (line", await visit.DatasetRefusalAsync());
    }
}
