using LoraDrop.Domain;
using static TorchSharp.torch;

namespace LoraDrop.Engine.Tests;

/// <summary>Models of llama2.c as folders of the hub.</summary>
public sealed class Llama2cModelFacts : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tok512.bin")]
    [InlineData("tokenizer.model")]
    public void A_trained_model_becomes_the_folder_that_is_published_of_it_bit_for_bit(string tokenizer)
    {
        var published = RealData.Path("weights", "llama-stories260K");
        Llama2cModel.Convert(Path.Combine(published, "stories260K.bin"), Path.Combine(published, tokenizer), _folder.At("model"));
        using SafeTensorsFile theirs = SafeTensorsFile.Open(Path.Combine(published, "model.safetensors")),
            ours = SafeTensorsFile.Open(_folder.At("model", "model.safetensors"));
        Assert.Equal(theirs.Names.Order(), ours.Names.Order());
        foreach (var name in theirs.Names)
        {
            using var scope = NewDisposeScope();
            Assert.Equal(theirs.ShapeOf(name), ours.ShapeOf(name));
            Assert.True(theirs.Read(name).bytes.SequenceEqual(ours.Read(name).bytes), name);
        }
        var (one, other) = ((DecoderConfig)ModelConfig.Read(published), (DecoderConfig)ModelConfig.Read(_folder.At("model")));
        // lists are compared by reference
        DecoderConfig Comparable(DecoderConfig config) => config with { Windows = [], EndIds = [], HeadClasses = [] };
        Assert.Equal(Comparable(one), Comparable(other));
        var golden = new TokenizerGolden("stories260k");
        golden.AssertSingleTexts(Tokenizer.Load(_folder.At("model")));
        golden.AssertDecoded(Tokenizer.Load(_folder.At("model")));
    }

    [Theory]
    [InlineData(10, "is no model of llama2.c: it has 10 bytes, and its header alone 28")]
    [InlineData(1000,
        "has 1000 bytes, and its header (64, 172, 5, 8, 4, 512, 512) asks for 1056540: it is cut short, or of another "
        + "version of the format")]
    public void A_file_that_is_cut_short_is_refused_with_the_numbers(int length, string why)
    {
        File.WriteAllBytes(_folder.At("cut.bin"),
            File.ReadAllBytes(Path.Combine(RealData.Path("weights", "llama-stories260K"), "stories260K.bin"))[..length]);
        Assert.Contains(why, Refusal("cut.bin"));
    }

    [Fact]
    public void A_header_that_no_model_has_is_refused()
    {
        File.WriteAllBytes(_folder.At("odd.bin"),
            [.. ((int[])[2147483647, 2147483647, 2147483647, 1, 1, 2147483647, 2147483647]).SelectMany(BitConverter.GetBytes)]);
        Assert.Contains("its header says 2147483647, 2147483647", Refusal("odd.bin"));
    }

    private string Refusal(string file) =>
        Assert.Throws<RefusedInputException>(() => Llama2cModel.Convert(_folder.At(file), "tok.bin", _folder.At("out"))).Message;
}
