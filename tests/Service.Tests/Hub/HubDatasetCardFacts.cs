using LoraDrop.Worker;
using YamlDotNet.Core;

namespace LoraDrop.Service.Tests;

public sealed class HubDatasetCardFacts
{
    [Theory]
    [InlineData("configs:\n- config_name: a\n  data_files: x/train.csv", "a train=x/train.csv")]
    [InlineData("configs:\n- config_name: a\n  data_files: [x/train.csv, y/z/test.csv]", "a train=x/train.csv train=y/z/test.csv")]
    [InlineData("configs:\n- config_name: a\n  data_files: {train: x/*, test: '**/test.csv'}", "a train=x/train.csv test=y/z/test.csv")]
    [InlineData("configs:\n- config_name: a\n  data_dir: x\n  data_files: train.*", "a train=x/train.csv")]
    [InlineData("configs:\n- config_name: a\n  data_dir: ./y", "a test=y/z/test.csv")]
    [InlineData("configs:\n- data_files:\n  - path: ./x/t?ain.csv", "default train=x/train.csv")]
    [InlineData("configs:\n- config_name: a\n  data_files:\n  - split: train\n    path: '**'", "a train=x/train.csv train=y/z/test.csv")]
    [InlineData("configs:\n- config_name: a\n  data_files: '*.csv'", "a")]
    [InlineData("configs:\n- config_name: a\n  data_files: ../x/train.csv", "a")]
    [InlineData("configs:\n- config_name: a\n  data_files: notes.txt", "a")]
    [InlineData("\"configs\":\n- \"config_name\": \"a\"\n  'data_files': x/*", "a train=x/train.csv")]
    public void Data_files_are_read_in_all_their_forms(string yaml, string read)
    {
        var config = Assert.Single(Configs($"---\r\n{yaml.Replace("\n", "\r\n")}\r\n---\r\n# Text\n---\n"));
        Assert.Equal(read,
            string.Join(' ', config.Splits.SelectMany(split => split.Select(file => $"{split.Key}={file.Path}")).Prepend(config.Name)));
    }

    [Theory]
    [InlineData("# A dataset\nconfigs:\n- config_name: a")]
    [InlineData("")]
    [InlineData("---\nlicense: mit\n---\n")]
    [InlineData("---\n---\n")]
    [InlineData("---\nconfigs: none\n---\n")]
    [InlineData("---\n- configs\n---\n")]
    [InlineData("---\nconfigs:\n- config_name: never closed\n")]
    public void A_card_that_declares_nothing_has_no_configs(string readme) => Assert.Empty(Configs(readme));

    [Fact]
    public void An_alias_of_what_it_stands_in_does_no_harm() =>
    Assert.Equal("a", Assert.Single(Configs("---\n? &x [*x]\n: &y {z: *y}\nconfigs:\n- config_name: a\n---\n")).Name);

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void Nesting_without_end_is_refused(char bracket) =>
    Assert.Throws<YamlException>(() => Configs($"---\nx: {new string(bracket, 100_000)}\n---\n"));

    private static IReadOnlyList<DatasetConfig> Configs(string readme) =>
        DatasetCard.Configs(readme, [new("x/train.csv", 1, "", null), new("y/z/test.csv", 1, "", null), new("notes.txt", 1, "", null)]);
}
