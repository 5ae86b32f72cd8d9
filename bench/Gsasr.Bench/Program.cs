using System.CommandLine;
using Gsasr.Bench;

var root = new RootCommand("Measures GSASR.Managed: speed by stage, by operation and of the whole, memory, and quality.")
{
    ForwardCommand.Create(),
    RasterCommand.Create(),
    FitCommand.Create(),
    ProductCommand.Create(),
    QualityCommand.Create(),
    PrecisionCommand.Create(),
    GoldenCommand.Create(),
    AutocastCommand.Create(),
    EndToEndCommand.Create(),
    BatchCommand.Create(),
    LevelsCommand.Create(),
    SoakCommand.Create(),
};
return root.Parse(args).Invoke();
