namespace LoraDrop.Domain.Tests;

public sealed class HeaderLineFacts
{
    [Theory]
    [InlineData("text,label|x,a|y,b", null)]
    [InlineData("x,a|y,b|z,a", "\"a\" occurs again in its column")]
    [InlineData("text,label|x,1|y,0", null)]
    [InlineData("text,label|text,1|y,0", null)]                                      // the numbers below say that it is a header
    [InlineData("text,1|y,0", "\"1\" in it is a number")]
    [InlineData("a,a|x,y", "\"a\" occurs in it twice")]
    [InlineData("a,,b|x,y,z", "its cell 2 is empty")]
    [InlineData(",text,label|0,x,a|1,y,b", null)]                                    // pandas' index
    [InlineData(",the soup,good|,the lamp,good", "\"good\" occurs again in its column")]
    [InlineData("text,label,|x,a,|y,b,", null)]                                      // a separator at the end of every line
    [InlineData("text,label,|x,a,more|y,b,", "its cell 3 is empty")]
    [InlineData("0,1|good soup,a|bad soup,b", null)]                                 // pandas' columns without names
    [InlineData("0,1|1,2|3,4", "\"0\" in it is a number")]
    [InlineData(",,|0,1,2", "it is empty")]
    [InlineData("text,label", null)]
    [InlineData("text,label|x,a|text,label|y,b", null)]                              // two files in one
    [InlineData("x,a|x,a|y,a", "\"a\" occurs again in its column")]
    public void The_file_alone_decides(string lines, string? why)
    {
        string[][] cells = [.. lines.Split('|').Select(line => line.Split(','))];
        Assert.Equal(why, HeaderLine.WhyNot(cells[0], cells[1..]));
    }
}
