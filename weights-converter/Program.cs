using System.CommandLine;
using System.Globalization;
using Gsasr.Architecture;
using Gsasr.Checkpoints;

namespace Gsasr.WeightsConverter;

/// <summary>The command <c>weights-converter INPUT... OUTPUT.safetensors</c>.</summary>
public static class Program
{
    private const int Failure = 1;
    private const int UsageError = 2;
    private const string OutputExtension = ".safetensors";

    /// <summary>Runs the command.</summary>
    /// <param name="args">Its arguments.</param>
    /// <returns>0 when the file was written, 1 when something prevented it, 2 when the arguments make no sense.</returns>
    public static int Main(string[] args) => Run(args, Console.Out, Console.Error);

    /// <summary>Runs the command with its output redirected.</summary>
    /// <param name="args">Its arguments.</param>
    /// <param name="output">Takes what was done, and help.</param>
    /// <param name="error">Takes what went wrong.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        var paths = new Argument<string[]>("INPUT... OUTPUT")
        {
            Description = "INPUT is a model: a folder with encoder.pth and decoder.pth, both files, or one .safetensors file. "
                + "OUTPUT is the .safetensors file to write.",
            Arity = new ArgumentArity(2, 3),
        };
        paths.Validators.Add(result =>
        {
            string[] values = [.. result.Tokens.Select(token => token.Value)];
            if (values.Contains(""))
                result.AddError("A path is empty.");
            if (values.Length >= 2 && !values[^1].EndsWith(OutputExtension, StringComparison.OrdinalIgnoreCase))
                result.AddError($"The last argument is the file to write and must end in {OutputExtension}; it is '{values[^1]}'.");
        });
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace OUTPUT if it exists." };
        var command = new RootCommand("Converts the weights of a GSASR model into one safetensors file.") { paths, overwrite };
        command.SetAction(parsed => Convert(parsed.GetRequiredValue(paths), parsed.GetValue(overwrite), output, error));

        ParseResult parsed = command.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var parseError in parsed.Errors)
                error.WriteLine(parseError.Message);
            error.WriteLine("Usage: weights-converter INPUT... OUTPUT.safetensors [--overwrite]");
            return UsageError;
        }

        return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
    }

    private static int Convert(string[] paths, bool overwrite, TextWriter output, TextWriter error)
    {
        string outputPath = paths[^1];
        if (!overwrite && File.Exists(outputPath))
        {
            error.WriteLine($"{outputPath} exists already; use --overwrite to replace it.");
            return Failure;
        }

        try
        {
            using ModelCheckpoint model = paths.Length == 2 ? ModelCheckpoint.Open(paths[0]) : ModelCheckpoint.Open(paths[0], paths[1]);
            GsasrArchitecture architecture = ModelConverter.Convert(model, outputPath, overwrite);
            long parameters = architecture.EncoderParameterCount + architecture.DecoderParameterCount;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{outputPath}: {architecture.Name}, {parameters:n0} parameters, {new FileInfo(outputPath).Length:n0} bytes"));
            return 0;
        }
        catch (Exception exception) when (exception is CheckpointFormatException or IOException or UnauthorizedAccessException)
        {
            error.WriteLine(exception.Message);
            return Failure;
        }
        catch (Exception exception)
        {
            // A mistake of this program, which a stack trace would not explain to its user; the type helps whoever looks for it.
            error.WriteLine($"Something unexpected went wrong: {exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}");
            return Failure;
        }
    }
}
