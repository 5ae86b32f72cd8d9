using System.CommandLine;
using System.CommandLine.Completions;

namespace Gsasr.Cli.Models;

/// <summary><c>gsasr models list | pull NAME | path [NAME]</c>.</summary>
internal static class ModelsCommand
{
    public static Command Create(TextWriter output, TextWriter error) => new("models", "Lists and downloads the models that the authors of GSASR publish.")
    {
        List(output),
        Pull(output, error),
        ShowPath(output),
    };

    private static Command List(TextWriter output)
    {
        var command = new Command("list", "Lists the published models, where they come from, and which are here.");
        command.SetAction(async (_, _) =>
        {
            string[] here = [.. ModelStore.Names];
            var rows = new List<(string Name, string State, string Origin)> { (GsasrModel.DefaultName, "built in", "") };
            rows.AddRange(PublishedModel.All.Select(model => (
                model.Name, here.Contains(model.Name) ? "here" : "-", $"huggingface.co/{PublishedModel.Repository} {model.Folder}")));
            rows.AddRange(here.Where(name => PublishedModel.Find(name) is null).Select(name => (name, "here", "")));
            int width = rows.Max(row => row.Name.Length);
            foreach ((string name, string state, string origin) in rows)
                await output.WriteLineAsync($"{name.PadRight(width)}  {state,-8}  {origin}".TrimEnd()).ConfigureAwait(false);
            await output.WriteLineAsync(PublishedModel.LicenceNote).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Pull(TextWriter output, TextWriter error)
    {
        var name = new Argument<string>("NAME") { Description = "One of 'gsasr models list', or with --from any name of small letters and digits." };
        name.CompletionSources.Add([.. PublishedModel.All.Select(model => model.Name)]);
        var from = new Option<string?>("--from")
        {
            Description = "Where encoder.pth and decoder.pth are instead: the address of a folder (https://...), or a folder here.",
        };
        UpscaleCommand.RequireText(from.Validators, "--from is empty; give an address or a folder.");
        from.Validators.Add(result =>
        {
            string? text = result.Tokens.Count == 1 ? result.Tokens[0].Value : null;
            if (text is null || !ModelPull.IsAddress(text))
                return;
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? address))
                result.AddError($"--from '{text}' is no address that can be understood.");
            else if (address.UserInfo.Length > 0)
                result.AddError("--from holds a user's name or password, which would not be sent; leave it out.");
        });
        var hashes = new Option<string[]>("--sha256") { Description = "What a file's SHA-256 must be; give it twice, for encoder.pth and for decoder.pth." };
        hashes.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !ModelPull.IsSha256(token.Value)))
                result.AddError($"--sha256 is 64 hexadecimal digits; it is '{token.Value}'.");
        });
        var overwrite = new Option<bool>("--overwrite") { Description = "Fetch the model again if it is here already." };
        var command = new Command("pull", "Downloads a model, or takes it from a folder, for --model NAME.") { name, from, hashes, overwrite };
        command.Validators.Add(result =>
        {
            if (result.GetValue(name) is not string value)
                return;
            if (value.Equals(GsasrModel.DefaultName, StringComparison.OrdinalIgnoreCase))
                result.AddError($"{GsasrModel.DefaultName} is built in; it need not be pulled.");
            else if (!ModelStore.IsName(value))
                result.AddError($"'{value}' is no name for a model: small letters, digits and hyphens make one.");
            else if (result.GetResult(from) is null && PublishedModel.Find(value) is null)
                result.AddError($"There is no published model '{value}'; there are {string.Join(", ", PublishedModel.All.Select(model => model.Name))}.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            string model = parsed.GetRequiredValue(name);
            var pull = new ModelPull
            {
                Name = model,
                From = parsed.GetValue(from),
                Hashes = [.. (parsed.GetValue(hashes) ?? []).Select(hash => hash.ToLowerInvariant())],
                Overwrite = parsed.GetValue(overwrite),
            };
            try
            {
                return await pull.RunAsync(output, error, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                await error.WriteLineAsync("Cancelled; the same command goes on with what has arrived, if the server can give the rest.").ConfigureAwait(false);
                return TerminationSignals.ExitCode;
            }
        });
        return command;
    }

    private static Command ShowPath(TextWriter output)
    {
        var name = new Argument<string?>("NAME") { Description = "A pulled model; without it, the folder of all.", Arity = ArgumentArity.ZeroOrOne };
        name.CompletionSources.Add(_ => ModelStore.Names.Select(model => new CompletionItem(model)));
        var command = new Command("path", "Says where a pulled model lies.") { name };
        command.SetAction(async (parsed, _) =>
        {
            string? model = parsed.GetValue(name);
            if (model is not null && (!ModelStore.IsName(model) || !File.Exists(ModelStore.PathOf(model))))
                throw ModelStore.Missing(model);
            await output.WriteLineAsync(model is null ? ModelStore.Folder : ModelStore.PathOf(model)).ConfigureAwait(false);
            return ExitCode.Success;
        });
        return command;
    }
}
