using Gsasr.Imaging;
using Gsasr.Tensors.Files;

namespace Gsasr.Cli.Upscaling;

/// <summary>What a run will do, decided and checked before anything is done.</summary>
internal sealed class UpscalePlan
{
    private readonly UpscaleRequest _request;
    private readonly FilePaths _paths = new();

    private UpscalePlan(UpscaleRequest request, OutputTemplate template)
    {
        _request = request;
        Template = template;
    }

    /// <summary>Where the outputs go.</summary>
    public OutputTemplate Template { get; }

    /// <summary>The pictures to work on.</summary>
    public IReadOnlyList<PlannedPicture> Pictures { get; private set; } = [];

    /// <summary>The pictures that are left alone because their outputs exist.</summary>
    public IReadOnlyList<PlannedPicture> Skipped { get; private set; } = [];

    /// <summary>The folders and files that <see cref="InputSearch"/> could not use, and why.</summary>
    public IReadOnlyList<(string Path, string Reason)> Failures { get; private set; } = [];

    /// <summary>
    /// How many of the pictures that were found are outputs of others, from an earlier run, and therefore not taken as inputs.
    /// </summary>
    public int FormerOutputs { get; private set; }

    /// <summary>How many files there are to report: pictures to work on, pictures that are left alone, and failures.</summary>
    public int Count => Pictures.Count + Skipped.Count + Failures.Count;

    /// <summary>Finds the inputs, names the outputs, and refuses what cannot be meant.</summary>
    /// <param name="request">What is asked for.</param>
    /// <exception cref="ArgumentException">The output does not suit the inputs.</exception>
    /// <exception cref="IOException">Two outputs are one file, an output is an input, or exists and may not be replaced.</exception>
    /// <exception cref="ImageFormatException">An output's format cannot be written.</exception>
    public static UpscalePlan Create(UpscaleRequest request)
    {
        bool isForMany = request.Inputs.Count > 1 || (request.Inputs[0] != InputFile.StandardInput && Directory.Exists(request.Inputs[0]));
        OutputTemplate template = OutputTemplate.Parse(request.Output, isForMany);
        if (template.IsStandardOutput && !Console.IsOutputRedirected)
            throw new IOException("The standard output is a terminal, which shows no pictures; write to a file or a pipe.");
        if (template.NeedsScale && request.Size.Scale is null)
            throw new ArgumentException("{scale} in OUTPUT is for --scale; for the size of the output there are {width} and {height}.");
        var plan = new UpscalePlan(request, template);
        var search = new InputSearch(request.Recursive, template.FixedFolder, plan._paths);
        foreach (string input in request.Inputs)
            search.Add(input);
        plan.Failures = search.Failures;
        List<PlannedPicture> pictures = [.. search.Files.Select(plan.Name)];
        if (!template.IsStandardOutput)
            plan.CheckOutputs(pictures);

        // What is wrong for the whole run is refused in every shard.
        if (request.Shard is { } shard)
            pictures.RemoveAll(picture => !shard.Has(picture.Input));
        plan.Divide(pictures);
        return plan;
    }

    private static PlannedPicture[] Number(IEnumerable<PlannedPicture> pictures, int first) =>
        [.. pictures.Select((picture, index) => picture with { Number = first + index })];

    private PlannedPicture Name(InputFile input)
    {
        string output = Template.PathFor(input, _request.Format ?? OutputFormats.ExtensionFor(input), _request.Size.Scale, size: null);
        string ownExtension = Path.GetExtension(output).TrimStart('.');
        if (_request.Format is { } format && OutputFormats.IsKnown(ownExtension) && OutputFormats.FormatOf(ownExtension) != OutputFormats.FormatOf(format))
            throw new ArgumentException($"The name {output} and --format {format} do not agree; leave one of them out.");
        if (_request.Format is null && !OutputFormats.IsKnown(ownExtension) && !input.IsStandardInput)
            FieldPaths.CheckExists(input.Path);
        if (_request.Format is null)
            ImageFile.FormatFromExtension(output);
        return new PlannedPicture(0, input, output, _request.Format ?? ownExtension);
    }

    private void CheckOutputs(List<PlannedPicture> pictures)
    {
        Dictionary<string, PlannedPicture> byOutput = ByOutput(pictures);
        OtherScaleOutputs? others = Template.NeedsScale ? new OtherScaleOutputs(Template, _request.Size.Scale!.Value, _paths) : null;
        FormerOutputs = pictures.RemoveAll(picture => picture.Input.IsFound
            && (((_request.SkipExisting || _request.Overwrite) && IsOutputOfAnother(picture)) || others?.Has(picture, byOutput) == true));
        if (FormerOutputs > 0)
            byOutput = ByOutput(pictures);

        foreach (PlannedPicture picture in pictures)
        {
            if (!picture.Input.IsStandardInput && byOutput.TryGetValue(_paths.Resolve(picture.Input.Path), out PlannedPicture? writer))
                throw new IOException($"{writer.Output} is an input, and would be replaced by the output for {writer.Input.Path}; name other outputs.");
        }

        if (Template.NeedsSize)
            CheckFolders(pictures);
        string folder = Path.GetDirectoryName(Path.GetFullPath(_request.Output))!;
        if (!Template.CreatesFolders && !Directory.Exists(folder))
            throw new DirectoryNotFoundException($"There is no folder {folder} to write {Path.GetFileName(_request.Output)} into.");

        bool IsOutputOfAnother(PlannedPicture picture) =>
            byOutput.TryGetValue(_paths.Resolve(picture.Input.Path), out PlannedPicture? writer) && writer != picture;
    }

    private Dictionary<string, PlannedPicture> ByOutput(List<PlannedPicture> pictures)
    {
        Dictionary<string, PlannedPicture> byOutput = new(pictures.Count, FilePaths.Comparer);
        foreach (PlannedPicture picture in pictures)
        {
            if (!byOutput.TryAdd(_paths.Resolve(picture.Output), picture))
            {
                string other = byOutput[_paths.Resolve(picture.Output)].Input.Path;
                throw new IOException($"{other} and {picture.Input.Path} would both be written to {picture.Output}{(Template.NeedsSize ? " if their sizes are the same" : "")}; nothing was done.");
            }
        }

        return byOutput;
    }

    // If names of outputs are not known yet, the next run could not tell outputs from inputs.
    private void CheckFolders(List<PlannedPicture> pictures)
    {
        HashSet<string> searched = new(
            pictures.Where(picture => picture.Input.IsFound).Select(picture => _paths.Resolve(picture.Input.Folder)), FilePaths.Comparer);
        if (pictures.Find(picture => searched.Contains(_paths.Resolve(Path.GetDirectoryName(picture.Output) ?? ""))) is { } picture)
        {
            throw new IOException(
                $"{picture.Output} lies among the inputs, and the next run would take it for one; write outputs with {{width}} or {{height}} in their names to another folder.");
        }
    }

    private void Divide(List<PlannedPicture> pictures)
    {
        bool areKnown = !Template.IsStandardOutput && !Template.NeedsSize && !_request.Overwrite;
        ILookup<bool, PlannedPicture> byExistence = pictures.ToLookup(picture => areKnown && AtomicFile.WouldReplace(picture.Output));
        int existing = byExistence[true].Count();
        if (existing > 0 && !_request.SkipExisting)
        {
            string first = byExistence[true].First().Output;
            throw new IOException(pictures.Count == 1
                ? $"{first} exists already; use --overwrite to replace it."
                : $"{first} exists already{(existing > 1 ? $", as do {existing - 1} other outputs" : "")}; use --skip-existing to leave what is there, or --overwrite to replace it.");
        }

        Skipped = Number(byExistence[true], first: 1);
        Pictures = Number(byExistence[false], first: existing + 1);
    }
}
