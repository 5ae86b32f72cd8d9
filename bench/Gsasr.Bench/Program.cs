using System.CommandLine;
using Gsasr.Bench;
using Gsasr.Tensors;

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
try
{
    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is DeviceException or FormatException or NotSupportedException)
{
    // What was asked for is not there.
    Console.Error.WriteLine(e.Message);
    return 1;
}
