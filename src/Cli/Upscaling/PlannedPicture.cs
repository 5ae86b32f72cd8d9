namespace Gsasr.Cli.Upscaling;

/// <summary>An input and where its output goes.</summary>
/// <param name="Number">Its number in this run, from 1.</param>
/// <param name="Input">The input.</param>
/// <param name="Output">The path of the output. If the size is part of its name, it still has the variables {width} and {height}.</param>
/// <param name="Extension">The extension that says the output's format, without its dot.</param>
internal sealed record PlannedPicture(int Number, InputFile Input, string Output, string Extension);
